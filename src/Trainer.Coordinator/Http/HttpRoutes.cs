using Google.Protobuf.Reflection;
using Trainer.Protos;

namespace Trainer.Coordinator.Http;

/// <summary>A call of the API as HTTP sees it.</summary>
/// <param name="Body">The request's field that the body is; *: the whole request; empty: there is none.</param>
internal sealed record HttpRoute(string Verb, string Pattern, MethodDescriptor Method, string Body);

/// <summary>Which call each path is. What path and body do not say of a request is its query: <c>?page_size=10&amp;view=BASIC</c>.</summary>
internal static class HttpRoutes
{
    /// <summary>A file has a path of its own: it is answered with bytes, not with messages.</summary>
    public const string Artifact = "/v1/jobs/{id}/artifacts/{name}";

    public static IReadOnlyList<HttpRoute> All { get; } =
    [
        Get("/v1/jobs", Job("ListJobs")),
        Post("/v1/jobs", Job("CreateJob")),
        Get("/v1/jobs:watch", Job("WatchJobs")),
        Post("/v1/jobs:prune", Job("PruneJobs")),
        Get("/v1/jobs/{id}", Job("GetJob")),
        new("PATCH", "/v1/jobs/{job.id}", Job("UpdateJob"), Body: "job"),
        new("DELETE", "/v1/jobs/{id}", Job("DeleteJob"), Body: ""),
        Post("/v1/jobs/{id}:cancel", Job("CancelJob")),
        Post("/v1/jobs/{id}:suspend", Job("SuspendJob")),
        Post("/v1/jobs/{id}:resume", Job("ResumeJob")),
        Post("/v1/jobs/{id}:verify", Job("VerifyJob")),
        Get("/v1/jobs/{id}:watch", Job("WatchJob")),
        Get("/v1/jobs/{id}/model", Job("DescribeModel")),
        Get("/v1/jobs/{id}/journal", Job("GetJournal")),
        Get("/v1/jobs/{id}/epochs", Job("ListEpochs")),
        Get("/v1/jobs/{id}/metrics", Job("QueryMetrics")),
        Get("/v1/jobs/{id}/steps", Job("StreamMetrics")),
        Get("/v1/jobs/{id}/logs", Job("StreamLogs")),
        Get("/v1/jobs/{id}/artifacts", Job("ListArtifacts")),
        Get("/v1/jobs/{id}/checkpoints", Job("ListCheckpoints")),
        Post("/v1/jobs/{id}/checkpoints/{checkpoint}:pin", Job("PinCheckpoint")),
        Post("/v1/jobs/{id}/checkpoints/{checkpoint}:unpin", Job("UnpinCheckpoint")),
        Get("/v1/jobs/{id}/filters", Picture("GetFilters")),
        Post("/v1/jobs/{id}/feature-maps", Picture("GetFeatureMaps")),
        Get("/v1/jobs/{id}/samples", Picture("GetSamples")),
        Get("/v1/queue", Job("GetQueue")),
        Get("/v1/workers", Worker("ListWorkers")),
        Get("/v1/workers/{name}", Worker("GetWorker")),
        Post("/v1/workers/{name}:drain", Worker("DrainWorker")),
        Post("/v1/workers/{name}:undrain", Worker("UndrainWorker")),
        Post("/v1/workers/{name}:clear", Worker("ClearWorker")),
        Post("/v1/workers/{name}:adopt", Worker("AdoptWorker")),
        Post("/v1/workers/{name}:release", Worker("ReleaseWorker")),
        Get("/v1/data-sets", DataSet("ListDataSets")),
        Post("/v1/data-sets", DataSet("CreateDataSet")),
        Get("/v1/data-sets/{id}", DataSet("GetDataSet")),
        new("DELETE", "/v1/data-sets/{id}", DataSet("DeleteDataSet"), Body: ""),
        Post("/v1/data-sets/{id}:upload", DataSet("UploadDataSet")),
        Get("/v1/tokens", Token("ListTokens")),
        Post("/v1/tokens", Token("CreateToken")),
        Post("/v1/tokens/{id}:revoke", Token("RevokeToken")),
        Post("/v1/sign-in-codes", Session("CreateSignInCode")),
        Post("/v1/sessions", Session("SignIn")),
        Get("/v1/session", Session("GetSession")),
        Post("/v1/session:end", Session("SignOut")),
        Get("/v1/version", Cluster("GetVersion")),
        Get("/v1/info", Cluster("GetInfo")),
    ];

    public static MethodDescriptor Download { get; } = Job("DownloadArtifact");

    public static MethodDescriptor ListArtifacts { get; } = Job("ListArtifacts");

    private static HttpRoute Get(string pattern, MethodDescriptor method) => new("GET", pattern, method, Body: "");

    private static HttpRoute Post(string pattern, MethodDescriptor method) => new("POST", pattern, method, Body: "*");

    private static MethodDescriptor Job(string name) => Find(JobService.Descriptor, name);

    private static MethodDescriptor Worker(string name) => Find(WorkerService.Descriptor, name);

    private static MethodDescriptor Token(string name) => Find(TokenService.Descriptor, name);

    private static MethodDescriptor Session(string name) => Find(SessionService.Descriptor, name);

    private static MethodDescriptor DataSet(string name) => Find(DataSetService.Descriptor, name);

    private static MethodDescriptor Picture(string name) => Find(PictureService.Descriptor, name);

    private static MethodDescriptor Cluster(string name) => Find(SystemService.Descriptor, name);

    private static MethodDescriptor Find(ServiceDescriptor service, string name) =>
        service.FindMethodByName(name) ?? throw new InvalidOperationException($"{service.FullName} has no method {name}.");
}
