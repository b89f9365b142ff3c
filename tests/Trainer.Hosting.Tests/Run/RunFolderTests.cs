using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Trainer.Hosting.Run;

namespace Trainer.Hosting.Tests.Run;

public sealed class RunFolderTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void Everything_in_it_is_private()
    {
        var folder = RunFolder.OpenOrCreate(_temporary["deep/er/run"]);
        using var published = folder.Publish(Endpoint("coordinator"));

        Assert.Equal("700", Mode(folder.Path));
        Assert.Equal("700", Mode(Path.Combine(folder.Path, "endpoints")));
        Assert.Equal("700", Mode(folder.LinksFolder));
        Assert.Equal("600", Mode(Path.Combine(folder.Path, "token")));
        Assert.Equal("600", Mode(Path.Combine(folder.Path, "endpoints", "coordinator.json")));
    }

    [Fact]
    public void The_token_is_32_random_bytes_and_stays()
    {
        var token = RunFolder.OpenOrCreate(_temporary["run"]).Token;

        Assert.Matches("^[A-Za-z0-9_-]{43}$", token);
        Assert.Equal(token, RunFolder.OpenOrCreate(_temporary["run"]).Token);
        Assert.Equal(token, RunFolder.TryOpen(_temporary["run"])!.Token);
        Assert.NotEqual(token, RunFolder.OpenOrCreate(_temporary["other"]).Token);
    }

    [Fact]
    public async Task Processes_that_create_it_at_once_agree_on_the_token()
    {
        for (var round = 0; round < 20; round++)
        {
            using var gate = new Barrier(8);
            var path = _temporary[$"run-{round}"];
            var tokens = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    gate.SignalAndWait();
                    return RunFolder.OpenOrCreate(path).Token;
                },
                TaskCreationOptions.LongRunning)));

            Assert.Single(tokens.Distinct());
            Assert.Equal(["token"], Directory.GetFiles(path).Select(Path.GetFileName));
        }
    }

    [Fact]
    public void A_folder_open_to_others_is_refused_with_the_command_that_closes_it()
    {
        var path = _temporary["run"];
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, (UnixFileMode)0b111_101_000);

        var refusal = Assert.Throws<RunFolderException>(() => RunFolder.OpenOrCreate(path));

        Assert.Equal($"{path} is open to others (mode 750, expected 700); run: chmod 700 '{path}'.", refusal.Message);
        Assert.Throws<RunFolderException>(() => RunFolder.TryOpen(path));
    }

    [Fact]
    public void A_symbolic_link_is_refused()
    {
        RunFolder.OpenOrCreate(_temporary["real"]);
        Directory.CreateSymbolicLink(_temporary["link"], _temporary["real"]);

        var refusal = Assert.Throws<RunFolderException>(() => RunFolder.OpenOrCreate(_temporary["link"]));

        Assert.Equal($"{_temporary["link"]} is a symbolic link to {_temporary["real"]}; expected a folder of its own.", refusal.Message);
    }

    [Fact]
    public void A_folder_of_another_user_is_refused()
    {
        var foreign = Environment.UserName == "root" ? GivenToNobody(_temporary["run"]) : "/usr";

        Assert.Equal($"{foreign} belongs to another user; expected one of yours.", Assert.Throws<RunFolderException>(() => RunFolder.OpenOrCreate(foreign)).Message);
    }

    [Fact]
    public void Looking_around_creates_nothing()
    {
        Assert.Null(RunFolder.TryOpen(_temporary["run"]));
        Assert.False(Directory.Exists(_temporary["run"]));
    }

    [Fact]
    public void Published_endpoints_are_listed_by_name_until_withdrawn()
    {
        var folder = RunFolder.OpenOrCreate(_temporary["run"]);
        var worker = folder.Publish(Endpoint("worker-0") with { Grpc = null });
        using var coordinator = folder.Publish(Endpoint("coordinator"));

        Assert.Equal([Endpoint("coordinator"), Endpoint("worker-0") with { Grpc = null }], RunFolder.TryOpen(folder.Path)!.Endpoints());

        worker.Dispose();
        worker.Dispose();
        Assert.Equal(["coordinator"], folder.Endpoints().Select(endpoint => endpoint.Name));
    }

    [Fact]
    public void Endpoints_of_dead_processes_are_passed_over_and_replaced()
    {
        var folder = RunFolder.OpenOrCreate(_temporary["run"]);
        var reusedPid = Endpoint("worker-0") with { StartTicks = ProcessIdentity.Current.StartTicks - 1 };
        using var dead = folder.Publish(reusedPid);
        Assert.Empty(folder.Endpoints());

        using var successor = folder.Publish(Endpoint("worker-0"));
        dead.Dispose();

        Assert.Equal([Endpoint("worker-0")], folder.Endpoints());
    }

    [Fact]
    public void A_name_that_a_living_process_has_is_refused()
    {
        var folder = RunFolder.OpenOrCreate(_temporary["run"]);
        var parent = ProcessIdentity.Of(ParentOfThisProcess())!.Value;
        using var other = folder.Publish(Endpoint("worker-0") with { ProcessId = parent.ProcessId, StartTicks = parent.StartTicks });

        var refusal = Assert.Throws<RunFolderException>(() => folder.Publish(Endpoint("worker-0")));

        Assert.Equal($"{folder.Path} already has a running 'worker-0', process {parent.ProcessId}; names are unique.", refusal.Message);
    }

    [Fact]
    public void A_name_is_claimed_by_one_process_at_a_time()
    {
        var folder = RunFolder.OpenOrCreate(_temporary["run"]);
        var claim = folder.Claim("worker-0");
        using var another = folder.Claim("worker-1");

        var refusal = Assert.Throws<RunFolderException>(() => folder.Claim("worker-0"));

        Assert.StartsWith($"{folder.Path} already has a running 'worker-0', process {Environment.ProcessId} (", refusal.Message);
        Assert.EndsWith("); names are unique.", refusal.Message);
        claim.Dispose();
        folder.Claim("worker-0").Dispose();
    }

    [Fact]
    public void A_run_folder_has_one_coordinator_whatever_its_name()
    {
        var folder = RunFolder.OpenOrCreate(_temporary["run"]);
        using var claim = folder.ClaimCoordinator();

        var refusal = Assert.Throws<RunFolderException>(() => RunFolder.TryOpen(folder.Path)!.ClaimCoordinator());

        Assert.StartsWith($"{folder.Path} already has a coordinator, process {Environment.ProcessId} (", refusal.Message);
        Assert.EndsWith("); stop that one, or give this one a run folder of its own.", refusal.Message);
    }

    [Fact]
    public void Claims_of_the_living_are_no_remains()
    {
        var folder = RunFolder.OpenOrCreate(_temporary["run"]);
        using var claim = folder.Claim("worker-0");
        File.WriteAllText(Path.Combine(folder.Path, "endpoints", "worker-1.lock"), "");
        File.WriteAllText(Path.Combine(folder.Path, "coordinator.lock"), "");

        folder.RemoveRemains();

        Assert.Equal(["worker-0.lock"], Directory.GetFiles(Path.Combine(folder.Path, "endpoints")).Select(Path.GetFileName));
        Assert.False(File.Exists(Path.Combine(folder.Path, "coordinator.lock")));
        Assert.Throws<RunFolderException>(() => folder.Claim("worker-0"));
    }

    [Theory]
    [InlineData("home")]
    [InlineData("home/run")]
    [InlineData("home/deep/run")]
    public void A_file_in_the_way_is_named(string path)
    {
        File.WriteAllText(_temporary["home"], "");

        Assert.Equal($"{_temporary["home"]} is a file; expected a folder.", Assert.Throws<RunFolderException>(() => RunFolder.OpenOrCreate(_temporary[path])).Message);
        Assert.Throws<RunFolderException>(() => RunFolder.TryOpen(_temporary[path]));
    }

    [Fact]
    public void A_folder_that_was_deleted_has_no_remains()
    {
        var folder = RunFolder.OpenOrCreate(_temporary["run"]);
        var published = folder.Publish(Endpoint("worker-0"));
        var claim = folder.Claim("worker-0");
        Directory.Delete(folder.Path, recursive: true);

        published.Dispose();
        claim.Dispose();
        folder.RemoveRemains();

        Assert.False(Directory.Exists(folder.Path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../token")]
    [InlineData("a/b")]
    [InlineData(".hidden")]
    public void A_name_that_is_not_a_file_name_is_refused(string name) =>
        Assert.Throws<RunFolderException>(() => RunFolder.OpenOrCreate(_temporary["run"]).Publish(Endpoint(name)));

    [Fact]
    public void An_endpoint_that_is_not_json_is_named()
    {
        var folder = RunFolder.OpenOrCreate(_temporary["run"]);
        var file = Path.Combine(folder.Path, "endpoints", "worker-0.json");
        File.WriteAllText(file, "{");

        Assert.StartsWith($"{file} is not an endpoint", Assert.Throws<RunFolderException>(folder.Endpoints).Message);
    }

    [Fact]
    public void Link_sockets_can_be_bound_however_long_the_run_folder_is()
    {
        foreach (var depth in new[] { 0, 1, 3 })
        {
            var folder = RunFolder.OpenOrCreate(_temporary[string.Join('/', Enumerable.Repeat(new string('x', 40), depth).Append("run"))]);
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Bind(new UnixDomainSocketEndPoint(Path.Combine(folder.LinksFolder, new string('s', 39))));

            Assert.Equal("700", Mode(folder.LinksFolder));
            Assert.Equal(folder.LinksFolder, RunFolder.TryOpen(folder.Path)!.LinksFolder);
            folder.RemoveRemains();
            Assert.False(Directory.Exists(folder.LinksFolder));
        }
    }

    [Fact]
    public void Remains_of_the_dead_are_removed_and_the_living_left_alone()
    {
        var folder = RunFolder.OpenOrCreate(_temporary["run"]);
        using var alive = folder.Publish(Endpoint("worker-0"));
        using var dead = folder.Publish(Endpoint("worker-1") with { StartTicks = 1 });
        File.WriteAllText(Path.Combine(folder.LinksFolder, "worker-1"), "");

        folder.RemoveRemains();
        Assert.Equal(["worker-0.json"], Directory.GetFiles(Path.Combine(folder.Path, "endpoints")).Select(Path.GetFileName));
        Assert.True(Directory.Exists(folder.LinksFolder));

        alive.Dispose();
        folder.RemoveRemains();
        Assert.False(Directory.Exists(folder.LinksFolder));
    }

    [Fact]
    public void A_truncated_token_is_named()
    {
        RunFolder.OpenOrCreate(_temporary["run"]);
        File.WriteAllText(_temporary["run/token"], "abc");

        var refusal = Assert.Throws<RunFolderException>(() => RunFolder.TryOpen(_temporary["run"]));

        Assert.Equal($"{_temporary["run/token"]} holds 3 characters; expected 43; remove it to get a new one.", refusal.Message);
    }

    private static ProcessEndpoint Endpoint(string name) =>
        ProcessEndpoint.OfThisProcess(name, "worker", "akka.tcp://trainer@127.0.0.1:7", "http://127.0.0.1:11", "http://127.0.0.1:13");

    private static string GivenToNobody(string path)
    {
        Directory.CreateDirectory(path);
        using var chown = Process.Start("chown", ["65534", path]);
        chown.WaitForExit();
        return path;
    }

    private static string Mode(string path) => Convert.ToString((int)File.GetUnixFileMode(path), 8);

    private static int ParentOfThisProcess() =>
        int.Parse(File.ReadLines("/proc/self/status", Encoding.UTF8).First(line => line.StartsWith("PPid:", StringComparison.Ordinal))[5..]);
}
