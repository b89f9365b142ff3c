using System.Diagnostics;
using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Trainer.Cli.Errors;
using Trainer.Hosting.Certificates;
using Trainer.Protos;

namespace Trainer.Cli.Api;

/// <summary>A connection to the job API. Calls that fail throw <see cref="CliException"/>: sentences, not status codes.</summary>
internal sealed class ClusterClient : IDisposable
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(30);

    /// <summary>One of several coordinators; after that the next is asked.</summary>
    private static readonly TimeSpan ServesWithin = TimeSpan.FromSeconds(2);

    private readonly GrpcChannel _channel;

    private ClusterClient(Uri endpoint, string? token, string? authority)
    {
        Endpoint = endpoint;
        HasToken = token is not null;
        var sockets = new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(3),
            KeepAlivePingDelay = TimeSpan.FromSeconds(10),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
            UseProxy = false,
        };
        if (authority is not null)
        {
            sockets.SslOptions = ApiTrust.Of(authority, reason => Refusal = reason);
        }

        _channel = GrpcChannel.ForAddress(endpoint, new GrpcChannelOptions { HttpHandler = new HttpHeaders(this, token, sockets), DisposeHttpClient = true });
        Jobs = new JobService.JobServiceClient(_channel);
        Workers = new WorkerService.WorkerServiceClient(_channel);
        System = new SystemService.SystemServiceClient(_channel);
        Tokens = new TokenService.TokenServiceClient(_channel);
        Sessions = new SessionService.SessionServiceClient(_channel);
        DataSets = new DataSetService.DataSetServiceClient(_channel);
    }

    public Uri Endpoint { get; }

    public bool HasToken { get; }

    /// <summary>Why what answers is not taken for the cluster; null: it is.</summary>
    public string? Refusal { get; private set; }

    /// <summary>The coordinator's clock when it last answered, to the second; null before.</summary>
    public DateTimeOffset? ServerTime { get; private set; }

    public JobService.JobServiceClient Jobs { get; }

    public WorkerService.WorkerServiceClient Workers { get; }

    public SystemService.SystemServiceClient System { get; }

    public TokenService.TokenServiceClient Tokens { get; }

    public SessionService.SessionServiceClient Sessions { get; }

    public DataSetService.DataSetServiceClient DataSets { get; }

    /// <summary>To the first coordinator that serves, where there are several.</summary>
    /// <exception cref="CliException">The run folder knows no coordinator, or none of several serves.</exception>
    public static async Task<ClusterClient> OpenAsync(ClusterAddress address, CancellationToken stop)
    {
        var (endpoints, token, authority) = await address.ResolveAsync(stop);
        if (authority is not null && endpoints.FirstOrDefault(endpoint => endpoint.Scheme != "https") is { } clear)
        {
            throw new CliException(
                $"--ca is for a cluster that speaks TLS, and {clear.GetLeftPart(UriPartial.Authority)} is in clear.",
                ExitCode.Usage,
                $"Give its address with https, if it has certificates: --endpoint https://{clear.Authority}");
        }

        var silence = new List<string>();
        foreach (var endpoint in endpoints)
        {
            var client = new ClusterClient(endpoint, token, authority);
            if (endpoints.Count == 1 || await client.WhyNotServingAsync(stop) is not { } why)
            {
                return client;
            }

            silence.Add(why);
            client.Dispose();
        }

        throw new CliException($"None of the {endpoints.Count} coordinators serves. {string.Join(' ', silence)}", ExitCode.Unreachable, "See whether they run, and what their logs say.");
    }

    /// <summary>One call that is answered at once.</summary>
    public async Task<T> CallAsync<T>(Func<ClusterClient, CallOptions, AsyncUnaryCall<T>> call, CancellationToken stop)
    {
        try
        {
            return await call(this, new CallOptions(deadline: TimeProvider.System.GetUtcNow().UtcDateTime + AnswerWithin, cancellationToken: stop));
        }
        catch (RpcException refused)
        {
            stop.ThrowIfCancellationRequested();
            throw ApiErrors.Translate(refused, this);
        }
    }

    public void Dispose() => _channel.Dispose();

    // Null: it serves, or says something else than that it cannot, which the call itself will tell better.
    private async Task<string?> WhyNotServingAsync(CancellationToken stop)
    {
        try
        {
            var deadline = TimeProvider.System.GetUtcNow().UtcDateTime + ServesWithin;
            var health = await new Health.HealthClient(_channel).CheckAsync(new HealthCheckRequest(), deadline: deadline, cancellationToken: stop);
            return health.Status == HealthCheckResponse.Types.ServingStatus.Serving ? null : $"The coordinator at {Endpoint.GetLeftPart(UriPartial.Authority)} is not in the cluster.";
        }
        catch (RpcException failed)
        {
            stop.ThrowIfCancellationRequested();
            return ApiErrors.IsTransient(failed, this) ? ApiErrors.Translate(failed, this).Message : null;
        }
    }

    /// <summary>Who calls, for the job's history; empty where the name has other letters than ASCII's.</summary>
    private static string UserName { get; } = Environment.UserName is { Length: <= 64 } name && name.All(letter => letter is > ' ' and <= '~') ? name : "";

    /// <summary>The span that started this program, as shells and CI systems tell it; null: none, or no such thing.</summary>
    private static string? TraceParent { get; } = Environment.GetEnvironmentVariable("TRACEPARENT") is { } text && ActivityContext.TryParse(text, null, out _) ? text : null;

    private sealed class HttpHeaders(ClusterClient client, string? token, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (UserName.Length > 0)
            {
                request.Headers.TryAddWithoutValidation("trainer-user", UserName);
            }

            if (TraceParent is not null)
            {
                request.Headers.TryAddWithoutValidation("traceparent", TraceParent);
            }

            if (token is not null)
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            }

            var response = await base.SendAsync(request, cancellationToken);
            client.ServerTime = response.Headers.Date ?? client.ServerTime;
            return response;
        }
    }
}
