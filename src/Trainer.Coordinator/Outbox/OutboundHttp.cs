using System.Reflection;

namespace Trainer.Coordinator.Outbox;

/// <summary>HTTP to programs outside the cluster.</summary>
internal static class OutboundHttp
{
    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(5);

    /// <summary>Follows no redirects, keeps no cookies, reads no answer that is large.</summary>
    /// <param name="answerWithin">From the request to the end of what is read of the answer.</param>
    public static HttpClient Create(TimeSpan answerWithin, int mostBytes = 64 << 10)
    {
        var http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = ConnectWithin,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5), // Names may come to mean other addresses.
            MaxResponseDrainSize = 64 << 10,
            ResponseDrainTimeout = TimeSpan.FromSeconds(1),
            ActivityHeadersPropagator = null,
        })
        {
            Timeout = answerWithin,
            MaxResponseContentBufferSize = mostBytes,
        };
        http.DefaultRequestHeaders.Add("user-agent", $"trainer/{Assembly.GetExecutingAssembly().GetName().Version?.ToString(2)}");
        return http;
    }

    /// <summary>Why a call has failed, without its address, which may hold a secret; null: the fault is none of the other side's.</summary>
    public static string? Reason(Exception fault, CancellationToken stop) => fault switch
    {
        OperationCanceledException when !stop.IsCancellationRequested => "it does not answer in time",
        HttpRequestException refused => $"it cannot be reached ({refused.HttpRequestError})",
        IOException => "its answer breaks off",
        _ => null,
    };
}
