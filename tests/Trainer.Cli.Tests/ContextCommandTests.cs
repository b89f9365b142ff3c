using Trainer.Cli.Tests.Fakes;

namespace Trainer.Cli.Tests;

/// <summary>trainer context, and where commands look for a cluster.</summary>
public sealed class ContextCommandTests : IAsyncLifetime
{
    private readonly TemporaryFolder _home = new();
    private readonly FakeApi _api = new();
    private FakeCluster _cluster = null!;

    public async ValueTask InitializeAsync()
    {
        _cluster = await FakeCluster.StartAsync(_api);
        _api.Jobs.Add(SampleJobs.Succeeded);
        File.WriteAllText(_home["token"], _cluster.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _home.Dispose();
    }

    [Fact]
    public async Task Commands_are_about_the_context_in_use()
    {
        var added = await RunAsync("context", "add", "lab", "--endpoint", _cluster.Endpoint, "--token-file", _home["token"]);
        var before = await RunAsync("jobs");
        var used = await RunAsync("context", "use", "lab");
        var after = await RunAsync("jobs", "-o", "json");
        var list = await RunAsync("context", "list");
        var back = await RunAsync("context", "use", "local");
        var local = await RunAsync("jobs");

        Assert.Equal("Added. Use it with: trainer context use lab\n", added.Output);
        Assert.Equal(3, before.ExitCode); // no cluster is running here
        Assert.Equal("Commands are now about lab.\n", used.Output);
        Assert.Equal(SampleJobs.Id, (string?)after.JsonLines.Single()["jobs"]![0]!["id"]);
        Assert.Matches($"(?m)^NAME .*\nlocal +this machine's *\nlab +{_cluster.Endpoint} +{_home["token"]} +yes\n$", list.Output);
        Assert.Equal((0, 3), (back.ExitCode, local.ExitCode));
    }

    [Fact]
    public async Task A_context_that_is_removed_is_not_in_use_any_more()
    {
        await RunAsync("context", "add", "lab", "--endpoint", _cluster.Endpoint);
        await RunAsync("context", "use", "lab");

        var removed = await RunAsync("context", "remove", "lab");
        var list = await RunAsync("context", "list", "-o", "json");

        Assert.Equal("Removed lab.\n", removed.Output);
        Assert.Equal("""{"current":"local","contexts":[]}""", list.Output.Trim());
    }

    [Fact]
    public async Task What_is_wrong_is_said()
    {
        await RunAsync("context", "add", "lab", "--endpoint", _cluster.Endpoint);

        var unknown = await RunAsync("context", "use", "lob");
        var reserved = await RunAsync("context", "add", "local", "--endpoint", _cluster.Endpoint);
        File.WriteAllText(_home["contexts.json"], "[]");
        var broken = await RunAsync("jobs");

        Assert.Equal((2, "There is no context 'lob'.\nThere are: lab, local.\n"), (unknown.ExitCode, unknown.Errors));
        Assert.Equal((2, "The name local stands for the cluster of this machine; take another.\n"), (reserved.ExitCode, reserved.Errors));
        Assert.Equal(2, broken.ExitCode);
        Assert.StartsWith($"{_home["contexts.json"]} does not hold contexts: ", broken.Errors);
    }

    [Fact]
    public async Task The_environment_names_a_cluster_and_options_go_before_it()
    {
        var environment = new Dictionary<string, string> { ["TRAINER_ENDPOINT"] = _cluster.Endpoint, ["TRAINER_TOKEN_FILE"] = _home["token"] };

        var found = await CommandRun.InAsync(_home.Path, environment, "jobs", "-o", "json");
        var other = await CommandRun.InAsync(_home.Path, environment, "jobs", "--run-folder", _home["run"]);
        var wrong = await CommandRun.InAsync(_home.Path, new Dictionary<string, string> { ["TRAINER_ENDPOINT"] = "lab:5000" }, "jobs");

        Assert.Single(found.JsonLines.Single()["jobs"]!.AsArray());
        Assert.Equal((3, ""), (other.ExitCode, other.Output));
        Assert.Equal((2, "TRAINER_ENDPOINT: Expected an address like http://HOST:PORT, or several with commas between them, got 'lab:5000'.\n"), (wrong.ExitCode, wrong.Errors));
    }

    [Fact]
    public async Task Of_several_coordinators_the_first_that_serves_is_asked()
    {
        var gone = await FakeCluster.StartAsync(_api);
        await gone.DisposeAsync();

        var added = await RunAsync("context", "add", "lab", "--endpoint", $"{gone.Endpoint},{_cluster.Endpoint}", "--token-file", _home["token"]);
        await RunAsync("context", "use", "lab");
        var found = await RunAsync("jobs", "-o", "json");
        var none = await RunAsync("jobs", "--endpoint", $"{gone.Endpoint},{gone.Endpoint}");

        Assert.Equal(0, added.ExitCode);
        Assert.Single(found.JsonLines.Single()["jobs"]!.AsArray());
        var silence = $"The coordinator at {gone.Endpoint} does not answer: connection refused.";
        Assert.Equal((3, $"None of the 2 coordinators serves. {silence} {silence}\nSee whether they run, and what their logs say.\n"), (none.ExitCode, none.Errors));
    }

    [Fact]
    public async Task Whoever_follows_goes_on_with_the_next_coordinator()
    {
        var first = await FakeCluster.StartAsync(new FakeApi
        {
            Watch = async (stream, gone) =>
            {
                await stream.WriteAsync(SampleJobs.Running(1, 9), gone);
                await Task.Delay(Timeout.Infinite, gone);
            },
        });
        _api.Watch = (stream, gone) => stream.WriteAsync(SampleJobs.Succeeded, gone);

        using var watch = RunningCommand.Start(_home.Path, "watch", SampleJobs.Id, "--endpoint", $"{first.Endpoint},{_cluster.Endpoint}", "--token-file", _home["token"]);
        await watch.SaysAsync("epoch 1/3");
        await first.DisposeAsync();
        var run = await watch.EndAsync();

        Assert.Equal(0, run.ExitCode);
    }

    private Task<CommandRun> RunAsync(params string[] arguments) => CommandRun.InAsync(_home.Path, arguments);
}
