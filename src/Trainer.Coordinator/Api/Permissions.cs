using Google.Protobuf.Reflection;

namespace Trainer.Coordinator.Api;

/// <summary>The one table of what each call, path and page needs. What is not in it is refused.</summary>
/// <remarks>Calls have their gRPC path, also where they come by HTTP; everything else has its path.</remarks>
internal static class Permissions
{
    /// <summary>Calls of services that are not there; gRPC says so itself.</summary>
    public const string UnknownCall = "gRPC that is not there";

    /// <summary>Paths below /v1 that are none.</summary>
    public const string UnknownPath = "/v1/{**path}";

    /// <summary>What is read of jobs in MLflow's words.</summary>
    public const string Mlflow = "/api/2.0/mlflow/{**path}";

    public const string Metrics = "/metrics";

    /// <summary>Where a coordinator was started with --metrics-open.</summary>
    public const string OpenMetrics = "/metrics, open";

    /// <summary>The dashboard's page and its files, which hold no data.</summary>
    public const string Page = "/";

    public const string PageFile = "/assets/{**file}";

    private const string Alive = "/healthz";

    private const string Ready = "/readyz";

    private static readonly Dictionary<string, Access> Table = new(StringComparer.Ordinal)
    {
        ["/trainer.v1.JobService/CreateJob"] = Access.Makes,
        ["/trainer.v1.JobService/GetJob"] = Access.Viewer,
        ["/trainer.v1.JobService/ListJobs"] = Access.Viewer,
        ["/trainer.v1.JobService/CancelJob"] = Access.ChangesOwn,
        ["/trainer.v1.JobService/SuspendJob"] = Access.ChangesOwn,
        ["/trainer.v1.JobService/ResumeJob"] = Access.ChangesOwn,
        ["/trainer.v1.JobService/UpdateJob"] = Access.ChangesOwn,
        ["/trainer.v1.JobService/DeleteJob"] = Access.ChangesOwn,
        ["/trainer.v1.JobService/PruneJobs"] = Access.ChangesAll, // Whoever's jobs.
        ["/trainer.v1.JobService/GetQueue"] = Access.Viewer,
        ["/trainer.v1.JobService/GetJournal"] = Access.Viewer,
        ["/trainer.v1.JobService/VerifyJob"] = Access.Makes, // It changes nothing of the job that it computes again.
        ["/trainer.v1.JobService/DescribeModel"] = Access.Viewer,
        ["/trainer.v1.JobService/ListArtifacts"] = Access.Viewer,
        ["/trainer.v1.JobService/DownloadArtifact"] = Access.Viewer,
        ["/trainer.v1.JobService/ListCheckpoints"] = Access.Viewer,
        ["/trainer.v1.JobService/PinCheckpoint"] = Access.ChangesOwn,
        ["/trainer.v1.JobService/UnpinCheckpoint"] = Access.ChangesOwn,
        ["/trainer.v1.JobService/WatchJob"] = Access.Viewer,
        ["/trainer.v1.JobService/WatchJobs"] = Access.Viewer,
        ["/trainer.v1.JobService/QueryMetrics"] = Access.Viewer,
        ["/trainer.v1.JobService/StreamMetrics"] = Access.Viewer,
        ["/trainer.v1.JobService/ListEpochs"] = Access.Viewer,
        ["/trainer.v1.JobService/StreamLogs"] = Access.Viewer,
        ["/trainer.v1.WorkerService/ListWorkers"] = Access.Viewer,
        ["/trainer.v1.WorkerService/GetWorker"] = Access.Viewer,
        ["/trainer.v1.WorkerService/DrainWorker"] = Access.ChangesAll,
        ["/trainer.v1.WorkerService/UndrainWorker"] = Access.ChangesAll,
        ["/trainer.v1.WorkerService/ClearWorker"] = Access.ChangesAll,
        ["/trainer.v1.WorkerService/AdoptWorker"] = Access.ChangesAll,
        ["/trainer.v1.WorkerService/ReleaseWorker"] = Access.ChangesAll,
        ["/trainer.v1.SystemService/GetVersion"] = Access.Viewer,
        ["/trainer.v1.SystemService/GetInfo"] = Access.Viewer,
        ["/trainer.v1.TokenService/CreateToken"] = Access.ChangesAll,
        ["/trainer.v1.TokenService/ListTokens"] = Access.SeesAll,
        ["/trainer.v1.TokenService/RevokeToken"] = Access.ChangesAll,
        ["/trainer.v1.SessionService/CreateSignInCode"] = Access.Begins,
        ["/trainer.v1.SessionService/SignIn"] = Access.SignsIn,
        ["/trainer.v1.SessionService/GetSession"] = Access.Viewer,
        ["/trainer.v1.SessionService/SignOut"] = Access.Begins,
        ["/trainer.v1.DataSetService/CreateDataSet"] = Access.Makes,
        ["/trainer.v1.DataSetService/UploadDataSet"] = Access.GoesOn,
        ["/trainer.v1.DataSetService/GetDataSet"] = Access.Viewer,
        ["/trainer.v1.DataSetService/ListDataSets"] = Access.Viewer,
        ["/trainer.v1.DataSetService/DeleteDataSet"] = Access.ChangesOwn,
        ["/trainer.v1.PictureService/GetFilters"] = Access.Viewer,
        ["/trainer.v1.PictureService/GetFeatureMaps"] = Access.Viewer,
        ["/trainer.v1.PictureService/GetSamples"] = Access.Viewer,
        ["/grpc.health.v1.Health/Check"] = Access.Open,
        ["/grpc.health.v1.Health/Watch"] = Access.Viewer,
        ["/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"] = Access.Viewer,
        ["/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"] = Access.Viewer,
        [UnknownCall] = Access.Viewer,
        [UnknownPath] = Access.Viewer,
        [Mlflow] = Access.Viewer,
        [Metrics] = Access.Viewer,
        [OpenMetrics] = Access.Open,
        [Page] = Access.Open,
        [PageFile] = Access.Open,
        [Alive] = Access.Open,
        [Ready] = Access.Open,
    };

    public static IReadOnlyCollection<string> Names => Table.Keys;

    /// <summary>Null: nobody may.</summary>
    public static Access? Find(string name) => Table.GetValueOrDefault(name);

    /// <summary>Whether it is a call, by gRPC or a path of the API; else a page, metrics or health.</summary>
    public static bool IsCall(string name) => name is not (Metrics or OpenMetrics or Page or PageFile or Alive or Ready);

    /// <summary>A call's gRPC path.</summary>
    public static string NameOf(MethodDescriptor call) => $"/{call.Service.FullName}/{call.Name}";

    /// <summary>As people say it: JobService.CreateJob, /metrics.</summary>
    public static string Words(string name) => name.StartsWith("/trainer.v1.", StringComparison.Ordinal) ? name["/trainer.v1.".Length..].Replace('/', '.') : name;
}
