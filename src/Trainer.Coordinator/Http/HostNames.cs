using System.Net;
using Microsoft.AspNetCore.Http;
using Trainer.Coordinator.Api;

namespace Trainer.Coordinator.Http;

/// <summary>
/// By which names this coordinator answers over HTTP. A page of somebody's own whose name is made to lead here (DNS rebinding) would be as good as the coordinator's own; of names that anybody can register it answers to those that it was
/// given alone.
/// </summary>
/// <param name="given">As the command line has them; *.example.com: every name below that.</param>
internal sealed class HostNames(IReadOnlyList<string> given)
{
    /// <summary>Names that nobody can register: of this machine, of a network of one's own, of Kubernetes.</summary>
    private static readonly string[] Private = [".localhost", ".local", ".internal", ".svc", ".home.arpa"];

    /// <summary>Programs that scrape and probe send no tokens of people, and are no browsers.</summary>
    private static readonly string[] Open = [Permissions.Metrics, Permissions.OpenMetrics, "/healthz", "/readyz"];

    public Task PassAsync(HttpContext http, RequestDelegate next) => Refusal(http) is { } refusal ? HttpApi.RefuseAsync(http, HttpErrors.Of(ApiErrors.NotForThisHost(refusal))) : next(http);

    private string? Refusal(HttpContext http)
    {
        if (http.GetEndpoint() is { } endpoint && Open.Contains(AccessGate.NameOf(endpoint)))
        {
            return null;
        }

        // In TLS the browser itself holds the name to the certificate; gRPC has HTTP/2, which browsers do not speak in clear.
        var (request, host) = (http.Request, http.Request.Host);
        return !request.IsHttps && !HttpProtocol.IsHttp2(request.Protocol) && !Knows(host.Host) ? $"This coordinator does not answer as '{Shown(host.Host)}'. If that is a name of its own, start it with: --allow-host {Shown(host.Host)}"
            : IsOfAnotherSite(request) ? "A page of another site asks, which none may."
            : null;
    }

    // A link may lead here from anywhere. Browsers that do not say from where they ask say it by the origin, for all that changes something.
    private bool IsOfAnotherSite(HttpRequest request)
    {
        var isLink = request.Headers["Sec-Fetch-Mode"] == "navigate" && (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method));
        if (request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site" && !isLink)
        {
            return true;
        }

        var origin = request.Headers.Origin.ToString();
        return origin.Length > 0 && !(Uri.TryCreate(origin, UriKind.Absolute, out var page) && (page.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase) || IsGiven(page.Host)));
    }

    public bool Knows(string host)
    {
        var name = host.TrimEnd('.');
        return name.Length == 0 // HTTP/1.0
            || !name.Contains('.', StringComparison.Ordinal)
            || IPAddress.TryParse(name.Trim('[', ']'), out _)
            || Array.Exists(Private, ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
            || IsGiven(name);
    }

    private bool IsGiven(string name) =>
        given.Any(one => one.StartsWith("*.", StringComparison.Ordinal) ? name.EndsWith(one[1..], StringComparison.OrdinalIgnoreCase) : name.Equals(one, StringComparison.OrdinalIgnoreCase));

    private static string Shown(string host) => string.Concat(host.Take(100).Where(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-'));
}
