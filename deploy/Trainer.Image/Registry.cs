using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace Trainer.Image;

/// <summary>Brings an image into a registry: the pushes of the OCI distribution specification, with the logins that registries ask for.</summary>
/// <remarks>The SDK can push, but only what it has just made, with the time in it. A registry of this machine is spoken to in clear, any other in TLS.</remarks>
internal sealed class Registry : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(10) };
    private readonly string _repository;
    private readonly string _host;
    private readonly string? _login;
    private AuthenticationHeaderValue? _authorization;

    /// <param name="repository">HOST[:PORT]/PATH</param>
    /// <param name="login">USER:PASSWORD in base64, where there is one.</param>
    public Registry(string repository, string? login)
    {
        if (repository.Split('/', 2) is not [var host, { Length: > 0 } path])
        {
            throw new InvalidDataException($"--push is '{repository}'; expected REGISTRY/REPOSITORY, such as registry.example.com/trainer");
        }

        (_host, _repository, _login) = (host, path, login);
        var loopback = Uri.TryCreate($"http://{host}", UriKind.Absolute, out var uri) && uri.IsLoopback;
        _http.BaseAddress = new Uri($"{(loopback ? "http" : "https")}://{(host == "docker.io" ? "registry-1.docker.io" : host)}/v2/");
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Layers and configuration that are not there yet, and then the manifest by each of its tags.</summary>
    public async Task PushAsync(Oci image, IEnumerable<string> tags)
    {
        foreach (var blob in image.Layers.Append(image.Config))
        {
            await PushAsync(blob);
        }

        foreach (var tag in tags)
        {
            await SendAsync(HttpMethod.Put, $"{_repository}/manifests/{tag}", image.Manifest, HttpStatusCode.Created);
        }
    }

    private async Task PushAsync(Blob blob)
    {
        using (var there = await SendAsync(HttpMethod.Head, $"{_repository}/blobs/{blob.Digest}", content: null, HttpStatusCode.OK, HttpStatusCode.NotFound))
        {
            if (there.StatusCode == HttpStatusCode.OK)
            {
                return;
            }
        }

        using var begun = await SendAsync(HttpMethod.Post, $"{_repository}/blobs/uploads/", content: null, HttpStatusCode.Accepted);
        var where = new Uri(_http.BaseAddress!, begun.Headers.Location ?? throw new InvalidDataException($"registry {_host} did not say where to upload to"));
        using var done = await SendAsync(HttpMethod.Put, $"{where}{(where.Query.Length > 0 ? '&' : '?')}digest={Uri.EscapeDataString(blob.Digest)}", blob, HttpStatusCode.Created);
    }

    /// <summary>Sends again with a login where the registry asks for one.</summary>
    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, Blob? content, params HttpStatusCode[] expected)
    {
        var response = await OnceAsync(method, path, content);
        if (response.StatusCode == HttpStatusCode.Unauthorized && response.Headers.WwwAuthenticate.FirstOrDefault() is { } challenge)
        {
            response.Dispose();
            _authorization = await AnswerAsync(challenge);
            response = await OnceAsync(method, path, content);
        }

        if (!expected.Contains(response.StatusCode))
        {
            var said = await response.Content.ReadAsStringAsync();
            throw new HttpRequestException($"registry {_host} answered {method} {path} with {(int)response.StatusCode} {response.StatusCode}: {said.Trim()}{Advice(response.StatusCode)}");
        }

        return response;
    }

    private async Task<HttpResponseMessage> OnceAsync(HttpMethod method, string path, Blob? content)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Authorization = _authorization;
        if (content is not null)
        {
            request.Content = new ByteArrayContent(content.Bytes);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(content.MediaType == Oci.ManifestType ? content.MediaType : "application/octet-stream");
        }

        return await _http.SendAsync(request);
    }

    /// <summary>Basic: the login itself. Bearer: a token that the server named gives for it.</summary>
    private async Task<AuthenticationHeaderValue?> AnswerAsync(AuthenticationHeaderValue challenge)
    {
        var basic = _login is null ? null : new AuthenticationHeaderValue("Basic", _login);
        if (!challenge.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
        {
            return basic;
        }

        var parameters = (challenge.Parameter ?? "").Split("\",").Select(part => part.Split("=\"", 2)).Where(part => part.Length == 2)
            .ToDictionary(part => part[0].Trim(), part => part[1].Trim('"'), StringComparer.OrdinalIgnoreCase);
        var service = Uri.EscapeDataString(parameters.GetValueOrDefault("service", ""));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{parameters["realm"]}?service={service}&scope={Uri.EscapeDataString($"repository:{_repository}:pull,push")}");
        request.Headers.Authorization = basic;
        using var response = await _http.SendAsync(request);
        if (!response.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"{request.RequestUri!.Host} gave no token for registry {_host}: {(int)response.StatusCode} {response.StatusCode}{Advice(response.StatusCode)}");
        }

        var token = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        return new AuthenticationHeaderValue("Bearer", (string?)token["token"] ?? (string?)token["access_token"]);
    }

    private string Advice(HttpStatusCode status) => status is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) ? ""
        : _login is null ? ". There is no login for it: set DOTNET_CONTAINER_REGISTRY_UNAME and DOTNET_CONTAINER_REGISTRY_PWORD, or have it in ~/.docker/config.json"
        : ". The login was not taken";
}
