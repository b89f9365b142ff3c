using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Trainer.Cluster.Tests.Processes;
using Trainer.Image;
using Trainer.Kernels.Data;

namespace Trainer.Cluster.Tests.Deploy;

/// <summary>The image that deploy/image builds, as Debian's skopeo, umoci and registry have it, and its content as processes of its user on a root that nobody can write to.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class BuiltImageTests(BuiltImage image) : IClassFixture<BuiltImage>
{
    private const UnixFileMode SetId = UnixFileMode.SetUser | UnixFileMode.SetGroup;

    private static readonly Dictionary<string, string> Nothing = new(StringComparer.Ordinal);

    [Fact]
    public async Task It_says_what_it_is()
    {
        await image.NeedAsync();

        var inspected = JsonNode.Parse(await ContainerTools.RunAsync("skopeo", "inspect", "--config", $"oci-archive:{image.Archive}:0.5.0"))!;

        var config = inspected["config"]!;
        Assert.Equal(("1654:1654", "/app/trainer"), ((string)config["User"]!, (string)config["Entrypoint"]!.AsArray().Single()!));
        Assert.Subset(Strings(config["Env"]!), new HashSet<string>(StringComparer.Ordinal) { "NVIDIA_DRIVER_CAPABILITIES=compute,utility", "NVIDIA_VISIBLE_DEVICES=void" });
        var labels = config["Labels"]!;
        Assert.Equal(("0.5.0", "MIT", "https://example.com/trainer"), (Label("version"), Label("licenses"), Label("source")));
        Assert.Equal((string)inspected["created"]!, Label("created"));
        Assert.StartsWith("debian:", Label("base.name"), StringComparison.Ordinal);
        Assert.DoesNotContain("localhost", config.ToJsonString(), StringComparison.Ordinal);
        // docker load reads another part of the archive.
        Assert.Equal(config.ToJsonString(), JsonNode.Parse(await ContainerTools.RunAsync("skopeo", "inspect", "--config", $"docker-archive:{image.Archive}"))!["config"]!.ToJsonString());

        string Label(string name) => (string?)labels[$"org.opencontainers.image.{name}"] ?? $"no {name}";
    }

    [Fact]
    public async Task It_has_what_it_needs_and_its_licences_and_says_what_that_is()
    {
        await image.NeedAsync();

        var bill = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(image.Root, "app/sbom.cdx.json")))!;
        var named = bill["components"]!.AsArray().Select(component => $"{component!["name"]}/{component["version"]}").ToHashSet(StringComparer.OrdinalIgnoreCase);
        Assert.Subset(named, NoticesTests.Shipped().ToHashSet(StringComparer.OrdinalIgnoreCase));
        var debian = Directory.GetFiles(Path.Combine(image.Root, "var/lib/dpkg/status.d")).Select(Path.GetFileName).ToList();
        Assert.Subset(bill["components"]!.AsArray().Select(component => (string)component!["name"]!).ToHashSet(StringComparer.Ordinal), debian.ToHashSet(StringComparer.Ordinal)!);
        Assert.All(debian, package => Assert.True(File.Exists(Path.Combine(image.Root, "usr/share/doc", package!, "copyright")), $"{package} has no licence"));
        Assert.All(
            ["LICENSE", "THIRD-PARTY-NOTICES.md", "Microsoft.NETCore.App.Runtime.linux-x64/LICENSE.TXT", "Microsoft.AspNetCore.App.Runtime.linux-x64/THIRD-PARTY-NOTICES.TXT"],
            file => Assert.True(File.Exists(Path.Combine(image.Root, "app/licenses", file)), $"{file} is not in the image"));

        var files = Layer.FilesBelow(image.Root).Where(file => file.LinkTarget is null).ToList();
        Assert.DoesNotContain(files, file => file is FileInfo { Name: "sh" or "bash" or "dash" or "dpkg" or "apt-get" });
        Assert.DoesNotContain(files, file => file is FileInfo && (file.UnixFileMode & SetId) != UnixFileMode.None); // A folder hands its group down by it.
        Assert.All(files, file => Assert.True(file.UnixFileMode.HasFlag(file is DirectoryInfo ? UnixFileMode.OtherRead | UnixFileMode.OtherExecute : UnixFileMode.OtherRead), $"{file} is not for everybody"));
        Assert.InRange(new FileInfo(image.Archive).Length, 1, 150_000_000);
    }

    /// <summary>As root file system of a container of the image's user: read-only, without capabilities, with its environment and nothing else, and with a /tmp.</summary>
    [Fact]
    public async Task Its_content_trains_to_the_known_weights()
    {
        await image.NeedAsync();
        var images = KnownDataSet.FashionMnist.Find();
        Assert.SkipWhen(images is null, "Fashion-MNIST is not on this machine; ./test gets it.");
        Directory.CreateDirectory(Path.Combine(image.Root, "data")); // where a volume is mounted
        string[] contained =
        [
            ContainerTools.Program("bwrap"), "--unshare-user", "--uid", "1654", "--gid", "1654", "--unshare-pid", "--unshare-ipc", "--new-session", "--cap-drop", "ALL", "--clearenv",
            .. Strings(image.Process["env"]!).Select(variable => variable.Split('=', 2)).SelectMany(variable => new[] { "--setenv", variable[0], variable[1] }),
            "--setenv", "DOTNET_EnableDiagnostics", "0", "--ro-bind", image.Root, "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--ro-bind", images!, "/data", "--chdir", (string)image.Process["cwd"]!,
            "--setenv", "TRAINER_DATA", "/data",
        ];
        var program = (string)image.Process["args"]![0]!;
        var version = await ContainerTools.RunAsync(contained[0], Nothing, [.. contained.Skip(1), program, "--version"]);
        Assert.StartsWith("0.5.0", version, StringComparison.Ordinal);

        await using var cluster = await SecureCluster.StartAsync(nodes: 2, slowness: "", home => [.. contained, "--bind", home, home, "--setenv", "XDG_CACHE_HOME", $"{home}/cache", program]);
        var submitted = await cluster.RunAsync("submit", Path.Combine(Repository.Root, "examples/lenet-fashion-mnist.yaml"), "--follow", "--output", "json");

        Assert.True(submitted.ExitCode == 0, $"{submitted}\n{cluster.Log}");
        var job = JsonDocument.Parse(submitted.Lines[^1]).RootElement;
        var hashes = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "tests/hashes.json")))!;
        Assert.Equal(("SUCCEEDED", (string)hashes["quickstart"]!["weights"]!), (job.GetProperty("state").GetString(), job.GetProperty("weights_sha256").GetString()));
    }

    [Fact]
    public async Task Another_folder_at_another_time_gives_the_same_digest_and_a_registry_has_it()
    {
        await image.NeedAsync();
        var (copy, registry) = (image.Folder("copy"), $"127.0.0.1:{FreePort()}");
        await CopySourcesAsync(copy);
        using var server = StartRegistry(registry);
        try
        {
            var login = new Dictionary<string, string>(StringComparer.Ordinal) { ["DOTNET_CONTAINER_REGISTRY_UNAME"] = "ada", ["DOTNET_CONTAINER_REGISTRY_PWORD"] = "secret" };
            await AnswersAsync(registry);

            var said = await BuiltImage.BuildAsync(copy, login, "--to", image.Folder("second"), "--source", "https://example.com/trainer", "--push", $"{registry}/team/trainer", "--tag", "7", "--tag", "dev");

            var digest = Of(image.Said, "digest");
            Assert.Equal(digest, Of(said, "digest"));
            Assert.Contains($"--set image.repository={registry}/team/trainer --set image.digest={digest}\n", said, StringComparison.Ordinal);
            foreach (var tag in new[] { ":7", ":dev", $"@{digest}" })
            {
                var inspected = await ContainerTools.RunAsync("skopeo", "inspect", "--tls-verify=false", "--creds", "ada:secret", $"docker://{registry}/team/trainer{tag}");
                Assert.Equal(digest, (string)JsonNode.Parse(inspected)!["Digest"]!);
            }

            var stranger = new Registry($"{registry}/team/trainer", login: null);
            var refused = await Assert.ThrowsAsync<HttpRequestException>(() => stranger.PushAsync(Archive.Image(Archive.Read(image.Archive)), ["dev"]));
            Assert.Contains("401 Unauthorized", refused.Message, StringComparison.Ordinal);
            Assert.Contains("There is no login for it: set DOTNET_CONTAINER_REGISTRY_UNAME", refused.Message, StringComparison.Ordinal);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
        }
    }

    private static HashSet<string> Strings(JsonNode array) => array.AsArray().Select(text => (string)text!).ToHashSet(StringComparer.Ordinal);

    private static string Of(string said, string what) => said.Split('\n').Single(line => line.StartsWith($"  {what} ", StringComparison.Ordinal))[$"  {what} ".Length..].Trim();

    /// <summary>What git knows of, as it lies there, with the history.</summary>
    private static async Task CopySourcesAsync(string to)
    {
        var git = Programs.Need("git");
        Assert.SkipUnless(Path.Exists(Path.Combine(Repository.Root, ".git")), "this is no git repository");
        await ContainerTools.RunAsync("/bin/bash", Nothing, "-c", "cd \"$1\" && { git ls-files -z --cached --others --exclude-standard; printf '.git\\0'; } | xargs -0 cp -a --parents -t \"$2\"", git, Repository.Root, to);
    }

    private Process StartRegistry(string address)
    {
        var folder = image.Folder("registry");
        File.WriteAllText(Path.Combine(folder, "users"), "ada:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n"); // secret
        File.WriteAllText(Path.Combine(folder, "config.yml"), $$"""
            version: 0.1
            storage: {filesystem: {rootdirectory: "{{folder}}/data" } }
            http: {addr: "{{address}}" }
            auth: {htpasswd: {realm: tests, path: "{{folder}}/users" } }
            """);
        var server = ContainerTools.Start(ContainerTools.Program("docker-registry"), Nothing, "serve", Path.Combine(folder, "config.yml"));
        server.OutputDataReceived += (_, _) => { };
        server.ErrorDataReceived += (_, _) => { };
        server.BeginOutputReadLine();
        server.BeginErrorReadLine();
        return server;
    }

    private static async Task AnswersAsync(string address)
    {
        using var http = new HttpClient();
        for (var patience = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            try
            {
                using var response = await http.GetAsync(new Uri($"http://{address}/v2/"));
                Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
                return;
            }
            catch (HttpRequestException) when (patience.Elapsed < TimeSpan.FromSeconds(60))
            {
                // Not yet.
            }
        }
    }

    private static string FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
    }
}
