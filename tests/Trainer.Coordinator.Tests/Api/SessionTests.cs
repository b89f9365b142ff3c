using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf.WellKnownTypes;
using Trainer.Hosting.Logging;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Api;

/// <summary>How a browser comes in, and what it may.</summary>
public sealed class SessionTests(AccessTests.Fixture fixture) : IClassFixture<AccessTests.Fixture>, IDisposable
{
    private readonly TestCoordinator _coordinator = fixture.Coordinator;
    private readonly HttpClient _http = new() { BaseAddress = new Uri(fixture.Coordinator.Http) };

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task A_code_brings_one_browser_in_as_its_maker()
    {
        var ann = await TokenAsync("ann", Role.Operator);
        var code = await CodeAsync(ann.Secret);
        var (signedIn, status) = await PostAsync("/v1/sessions", new JsonObject { ["code"] = code }, null);
        Assert.Equal((HttpStatusCode.OK, "ann", "OPERATOR"), (status, (string?)signedIn["session"]!["user"], (string?)signedIn["session"]!["role"]));
        var secret = (string)signedIn["secret"]!;
        Assert.NotEqual(code, secret);
        Assert.InRange(Time(signedIn["session"]!["expire_time"]) - DateTimeOffset.UtcNow, TimeSpan.FromHours(7.9), TimeSpan.FromHours(8));

        Assert.Equal("ann", (string?)(await GetAsync("/v1/session", secret))["session"]!["user"]);
        var (again, refused) = await PostAsync("/v1/sessions", new JsonObject { ["code"] = code }, null);
        Assert.Equal((HttpStatusCode.Unauthorized, "SIGN_IN_CODE_INVALID"), (refused, (string?)again["error"]!["reason"]));
        Assert.Equal(
            "The code is none that signs in: it was used, it is older than 5 minutes, or the token that it was made with is gone. Make another: trainer dashboard",
            (string?)again["error"]!["message"]);
        Assert.Equal(HttpStatusCode.Unauthorized, (await PostAsync("/v1/sessions", [], null)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await PostAsync("/v1/session:end", [], code)).Status); // A code is no token.

        var listed = (await _coordinator.Tokens.ListTokensAsync(new ListTokensRequest())).Tokens.Single(token => token.Parent == ann.Token.Id);
        Assert.Equal((true, "ann", Role.Operator), (listed.Session, listed.User, listed.Role));
        Assert.Contains(fixture.Log.Of(AuditEvent.Category), line => line.EndsWith("call=SessionService.SignIn subject=ann result=OK", StringComparison.Ordinal));
        Assert.DoesNotContain(fixture.Log.Of(AuditEvent.Category), line => line.EndsWith("call=SessionService.SignIn subject=- result=Unauthenticated", StringComparison.Ordinal));
        Assert.DoesNotContain(fixture.Log.All, line => line.Message.Contains(secret, StringComparison.Ordinal) || line.Message.Contains(code, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_session_ends_where_it_signs_out_and_with_its_token()
    {
        var bob = await TokenAsync("bob", Role.Viewer);
        var (first, second) = (await SessionAsync(bob.Secret), await SessionAsync(bob.Secret));
        var (denied, status) = await PostAsync("/v1/sign-in-codes", [], first);
        Assert.Equal((HttpStatusCode.BadRequest, "NOT_FOR_THIS_TOKEN"), (status, (string?)denied["error"]!["reason"]));
        Assert.Equal((HttpStatusCode.BadRequest, "NOT_FOR_THIS_TOKEN"), ((await PostAsync("/v1/session:end", [], bob.Secret)) is var kept ? kept.Status : default, (string?)kept.Json["error"]!["reason"]));

        Assert.Equal(HttpStatusCode.OK, (await PostAsync("/v1/session:end", [], first)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await PostAsync("/v1/session:end", [], first)).Status);
        Assert.Equal("bob", (string?)(await GetAsync("/v1/session", second))["session"]!["user"]);

        var code = await CodeAsync(bob.Secret);
        await _coordinator.Tokens.RevokeTokenAsync(new RevokeTokenRequest { Id = bob.Token.Id });
        Assert.Equal(HttpStatusCode.Unauthorized, (await PostAsync("/v1/session:end", [], second)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await PostAsync("/v1/sessions", new JsonObject { ["code"] = code }, null)).Status);
    }

    [Fact]
    public async Task A_session_ends_no_later_than_its_token_and_the_clusters_own_token_makes_some()
    {
        var end = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeSeconds());
        var short_ = await _coordinator.Tokens.CreateTokenAsync(new CreateTokenRequest { User = "eve", Role = Role.Viewer, ExpireTime = end.ToTimestamp() });
        var session = (await GetAsync("/v1/session", await SessionAsync(short_.Secret)))["session"]!;
        Assert.Equal(end, Time(session["expire_time"]));

        var own = (await GetAsync("/v1/session", TestCoordinator.Token))["session"]!;
        Assert.Equal(("ADMIN", null), ((string?)own["role"], (string?)own["expire_time"]));
        Assert.Equal("ADMIN", (string?)(await GetAsync("/v1/session", await SessionAsync(TestCoordinator.Token)))["session"]!["role"]);
    }

    /// <summary>It leaked, and was exchanged: what had begun by it is over.</summary>
    [Fact]
    public async Task A_session_ends_with_the_clusters_own_token()
    {
        using var folder = new TemporaryFolder();
        string session;
        await using (var before = await TestCoordinator.StartAsync(folder.Path))
        {
            using var http = new HttpClient { BaseAddress = new Uri(before.Http) };
            session = await SessionAsync(http, TestCoordinator.Token);
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(http, session));
        }

        await using var after = await TestCoordinator.StartAsync(folder.Path, change: options => options with { Token = "another-token" });
        using var later = new HttpClient { BaseAddress = new Uri(after.Http) };
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(later, session));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(later, await SessionAsync(later, "another-token")));

        static async Task<HttpStatusCode> StatusAsync(HttpClient http, string secret)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/session") { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", secret) } };
            return (await http.SendAsync(request)).StatusCode;
        }
    }

    [Fact]
    public async Task Of_many_browsers_of_one_token_the_oldest_is_signed_out()
    {
        var token = await TokenAsync("many", Role.Viewer);
        var sessions = new List<string>();
        for (var i = 0; i < 21; i++)
        {
            sessions.Add(await SessionAsync(token.Secret));
        }

        Assert.Equal(HttpStatusCode.Unauthorized, (await PostAsync("/v1/session:end", [], sessions[0])).Status);
        Assert.Equal("many", (string?)(await GetAsync("/v1/session", sessions[1]))["session"]!["user"]);
    }

    /// <summary>A page's scripts and styles are its own alone, and all of it needs no token.</summary>
    [Theory]
    [InlineData("/", "text/html")]
    [InlineData("/assets/style.css", "text/css")]
    [InlineData("/assets/app.js", "text/javascript")]
    [InlineData("/assets/lib/echarts.js", "text/javascript")]
    public async Task Pages_are_open_and_run_nothing_of_elsewhere(string path, string type)
    {
        using var unpacking = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.GZip }) { BaseAddress = _http.BaseAddress };
        Assert.Contains(path == "/" ? "<!doctype html>" : path.EndsWith("css", StringComparison.Ordinal) ? ":root" : "function", await unpacking.GetStringAsync(path), StringComparison.Ordinal);
        using var packed = await _http.GetAsync(path);
        Assert.Equal((HttpStatusCode.OK, type, "gzip"), (packed.StatusCode, packed.Content.Headers.ContentType!.MediaType, Assert.Single(packed.Content.Headers.ContentEncoding)));
        var policy = Assert.Single(packed.Headers.GetValues("Content-Security-Policy"));
        Assert.Equal("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'", policy);
        Assert.Equal("nosniff", Assert.Single(packed.Headers.GetValues("X-Content-Type-Options")));

        using var again = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { IfNoneMatch = { packed.Headers.ETag! } } };
        Assert.Equal(HttpStatusCode.NotModified, (await _http.SendAsync(again)).StatusCode);
        using var head = await _http.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));
        Assert.Equal((packed.Content.Headers.ContentLength, 0), (head.Content.Headers.ContentLength, (await head.Content.ReadAsByteArrayAsync()).Length));
    }

    [Theory]
    [InlineData("/assets/nothing.js")]
    [InlineData("/assets/%2e%2e/%2e%2e/etc/passwd")]
    [InlineData("/assets/..%2f..%2fetc%2fpasswd")]
    [InlineData("/assets/")]
    public async Task There_are_no_other_files(string path) => Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync(path)).StatusCode);

    /// <summary>A name that anybody can register may lead here (DNS rebinding).</summary>
    [Theory]
    [InlineData("/", "evil.example.com", HttpStatusCode.Forbidden)]
    [InlineData("/v1/session", "evil.example.com:9090", HttpStatusCode.Forbidden)]
    [InlineData("/healthz", "evil.example.com", HttpStatusCode.OK)]
    [InlineData("/", "localhost:9090", HttpStatusCode.OK)]
    [InlineData("/", "[::1]:9090", HttpStatusCode.OK)]
    [InlineData("/", "coordinator-0.coordinator.trainer.svc.cluster.local", HttpStatusCode.OK)]
    [InlineData("/", "allowed.example.com", HttpStatusCode.OK)]
    [InlineData("/", "a.wild.example.com", HttpStatusCode.OK)]
    [InlineData("/", "wild.example.com", HttpStatusCode.Forbidden)]
    [InlineData("/", "x.svc.evil.example.com", HttpStatusCode.Forbidden)]
    public async Task Names_that_anybody_could_have_are_refused(string path, string host, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Host = host, Authorization = new AuthenticationHeaderValue("Bearer", TestCoordinator.Token) } };
        using var answer = await _http.SendAsync(request);
        Assert.Equal(expected, answer.StatusCode);
        if (expected == HttpStatusCode.Forbidden)
        {
            var name = host.Split(':')[0];
            Assert.Contains($"This coordinator does not answer as '{name}'. If that is a name of its own, start it with: --allow-host {name}", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    /// <summary>As browsers send them, and as one does that sends no Sec-Fetch-Site: the origin of a form.</summary>
    [Theory]
    [InlineData("GET", "/", "cross-site", "navigate", null, true)]
    [InlineData("GET", "/", "cross-site", "cors", null, false)]
    [InlineData("GET", "/v1/session", "same-origin", "cors", null, true)]
    [InlineData("GET", "/v1/session", "same-site", "cors", null, false)]
    [InlineData("POST", "/v1/workers/w:drain", "cross-site", "navigate", null, false)]
    [InlineData("POST", "/v1/workers/w:drain", "same-site", "navigate", null, false)]
    [InlineData("POST", "/v1/workers/w:drain", null, null, "http://evil.example.com", false)]
    [InlineData("POST", "/v1/workers/w:drain", null, null, "null", false)]
    [InlineData("POST", "/v1/workers/w:drain", null, null, "own", true)]
    [InlineData("POST", "/v1/workers/w:drain", null, null, "https://a.wild.example.com", true)]
    [InlineData("POST", "/v1/workers/w:drain", "none", null, null, true)]
    public async Task What_pages_of_other_sites_ask_is_refused(string method, string path, string? site, string? mode, string? origin, bool passes)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", TestCoordinator.Token) } };
        foreach (var (name, value) in new[] { ("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", mode), ("Origin", origin == "own" ? _coordinator.Http.TrimEnd('/') : origin) }.Where(header => header.Item2 is not null))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var answer = await _http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.Equal(passes, answer.StatusCode != HttpStatusCode.Forbidden);
        Assert.Equal(!passes, text.Contains("A page of another site asks, which none may.", StringComparison.Ordinal));
    }

    private async Task<CreateTokenResponse> TokenAsync(string user, Role role) => await _coordinator.Tokens.CreateTokenAsync(new CreateTokenRequest { User = user, Role = role });

    private async Task<string> CodeAsync(string secret) => (string)(await PostAsync("/v1/sign-in-codes", [], secret)).Json["code"]!;

    private Task<string> SessionAsync(string secret) => SessionAsync(_http, secret);

    private static async Task<string> SessionAsync(HttpClient http, string secret)
    {
        var code = (await PostAsync(http, "/v1/sign-in-codes", [], secret)).Json["code"]!.DeepClone();
        return (string)(await PostAsync(http, "/v1/sessions", new JsonObject { ["code"] = code }, null)).Json["secret"]!;
    }

    private Task<(JsonNode Json, HttpStatusCode Status)> PostAsync(string path, JsonObject body, string? secret) => PostAsync(_http, path, body, secret);

    private static async Task<(JsonNode Json, HttpStatusCode Status)> PostAsync(HttpClient http, string path, JsonObject body, string? secret)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
        request.Headers.Authorization = secret is null ? null : new AuthenticationHeaderValue("Bearer", secret);
        using var answer = await http.SendAsync(request);
        return (JsonNode.Parse(await answer.Content.ReadAsStringAsync())!, answer.StatusCode);
    }

    private async Task<JsonNode> GetAsync(string path, string secret)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", secret) } };
        using var answer = await _http.SendAsync(request);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
    }

    private static DateTimeOffset Time(JsonNode? text) => DateTimeOffset.Parse((string)text!, System.Globalization.CultureInfo.InvariantCulture);
}
