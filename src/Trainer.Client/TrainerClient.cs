using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Net.Client;
using Trainer.Protos;

namespace Trainer.Client;

/// <summary>
/// The job API of a cluster. While the coordinator is away calls are repeated, which changes nothing twice: what is created carries a request_id, and what
/// is asked for already holds. Streams are opened again and go on where they were. What is refused, or not answered for long, is a <see cref="TrainerException"/>.
/// </summary>
/// <remarks>For any number of threads at once.</remarks>
public sealed partial class TrainerClient : IDisposable
{
    private readonly GrpcChannel _channel;
    private readonly TrainerClientOptions _options;

    private TrainerClient(Uri address, TrainerClientOptions options)
    {
        _options = options;
        var inner = options.Handler?.Invoke() ?? new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(3),
            KeepAlivePingDelay = TimeSpan.FromSeconds(10),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
        };
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = new Headers(options, inner), DisposeHttpClient = true });
        Jobs = new JobService.JobServiceClient(_channel);
        Workers = new WorkerService.WorkerServiceClient(_channel);
        System = new SystemService.SystemServiceClient(_channel);
    }

    /// <summary>All calls as they are, for what is not here: <see cref="CallAsync"/> repeats one.</summary>
    public JobService.JobServiceClient Jobs { get; }

    /// <inheritdoc cref="Jobs"/>
    public WorkerService.WorkerServiceClient Workers { get; }

    /// <inheritdoc cref="Jobs"/>
    public SystemService.SystemServiceClient System { get; }

    /// <summary>Nothing is sent before the first call.</summary>
    /// <param name="address">Of the job API: <c>https://trainer.example:5000</c>, or http where the cluster has no certificates.</param>
    /// <exception cref="ArgumentException">It is no such address.</exception>
    public static TrainerClient Connect(string address, TrainerClientOptions? options = null) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? new TrainerClient(uri, options ?? new TrainerClientOptions())
            : throw new ArgumentException($"The address of the job API is http://HOST:PORT or https://HOST:PORT, got '{address}'.", nameof(address));

    /// <summary>Creates a job, once, however often the answer is lost.</summary>
    public Task<Job> SubmitAsync(JobPlan plan, CancellationToken stop = default) => SubmitAsync(new CreateJobRequest { Spec = plan.ToSpec() }, stop);

    /// <inheritdoc cref="SubmitAsync(JobPlan, CancellationToken)"/>
    /// <param name="request">Gets a request_id unless it has one.</param>
    public Task<Job> SubmitAsync(CreateJobRequest request, CancellationToken stop = default)
    {
        var once = request.Clone();
        once.RequestId = once.RequestId.Length > 0 ? once.RequestId : $"{Guid.NewGuid()}";
        return CallAsync(options => Jobs.CreateJobAsync(once, options), stop);
    }

    public Task<Job> GetAsync(string id, CancellationToken stop = default) => CallAsync(options => Jobs.GetJobAsync(new GetJobRequest { Id = id }, options), stop);

    /// <summary>All jobs that fit, newest first.</summary>
    /// <param name="filter"><c>state = RUNNING AND labels.team = vision</c>; empty: all.</param>
    public async IAsyncEnumerable<Job> ListAsync(string filter = "", [global::System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop = default)
    {
        var request = new ListJobsRequest { Filter = filter };
        do
        {
            var page = await CallAsync(options => Jobs.ListJobsAsync(request, options), stop);
            foreach (var job in page.Jobs)
            {
                yield return job;
            }

            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
    }

    public Task<Job> CancelAsync(string id, CancellationToken stop = default) => CallAsync(options => Jobs.CancelJobAsync(new CancelJobRequest { Id = id }, options), stop);

    public Task<Job> SuspendAsync(string id, CancellationToken stop = default) => CallAsync(options => Jobs.SuspendJobAsync(new SuspendJobRequest { Id = id }, options), stop);

    public Task<Job> ResumeAsync(string id, CancellationToken stop = default) => CallAsync(options => Jobs.ResumeJobAsync(new ResumeJobRequest { Id = id }, options), stop);

    /// <summary>Forgets a job that has ended, and its files; nothing where it is gone already.</summary>
    public Task DeleteAsync(string id, CancellationToken stop = default) => CallAsync(options => Jobs.DeleteJobAsync(new DeleteJobRequest { Id = id, AllowMissing = true }, options), stop);

    /// <summary>Makes a call again until it is answered. It must be one that may be made twice.</summary>
    /// <exception cref="TrainerException">Refused, or nobody answered for <see cref="TrainerClientOptions.Patience"/>.</exception>
    public async Task<T> CallAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> call, CancellationToken stop = default)
    {
        var outage = new Outage(_options);
        while (true)
        {
            try
            {
                var answer = await call(new CallOptions(deadline: (TimeProvider.System.GetUtcNow() + _options.AnswerWithin).UtcDateTime, cancellationToken: stop));
                outage.End();
                return answer;
            }
            catch (RpcException failed)
            {
                await outage.PassAsync(failed, stop);
            }
        }
    }

    public void Dispose() => _channel.Dispose();

    private sealed class Headers(TrainerClientOptions options, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (options.User.Length > 0)
            {
                request.Headers.TryAddWithoutValidation("trainer-user", options.User);
            }

            if (options.Token is not null)
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", options.Token);
            }

            return base.SendAsync(request, cancellationToken);
        }
    }
}
