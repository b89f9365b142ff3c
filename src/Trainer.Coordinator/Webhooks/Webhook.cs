using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Trainer.Coordinator.Outbox;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Metrics;

namespace Trainer.Coordinator.Webhooks;

/// <summary>A POST to the receiver's address, signed as the Standard Webhooks specification says. What has status 2xx is taken.</summary>
/// <remarks>It goes where its operator said and nowhere else: redirects are not followed. Of the answer nothing but the status is read.</remarks>
internal sealed class Webhook : IReceiver
{
    private readonly WebhookTarget _target;
    private readonly TimeProvider _clock;
    private readonly HttpClient _http;

    public Webhook(WebhookTarget target, TimeProvider clock, TimeSpan answerWithin)
    {
        (_target, _clock) = (target, clock);
        _http = OutboundHttp.Create(answerWithin);
    }

    public string Name => ControlMetrics.Webhook;

    public async Task<string?> TakeAsync(Announcement change, CancellationToken stop)
    {
        var seconds = _clock.GetUtcNow().ToUnixTimeSeconds();
        using var request = new HttpRequestMessage(HttpMethod.Post, _target.Address) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(change.Body)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("webhook-id", change.Id);
        request.Headers.Add("webhook-timestamp", seconds.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", _target.Secret.Sign(change.Id, seconds, change.Body));
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
            return response.IsSuccessStatusCode ? null : $"it answers with status {(int)response.StatusCode}";
        }
        catch (Exception e) when (OutboundHttp.Reason(e, stop) is { } reason)
        {
            return reason;
        }
    }

    public void Dispose() => _http.Dispose();
}
