using Grpc.Core;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Follow;
using Trainer.Cli.Home;
using Trainer.Cli.Tests.Fakes;
using Trainer.Hosting.Run;
using Trainer.Protos;

namespace Trainer.Cli.Tests.Follow;

public sealed class ReconnectTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task Watching_goes_on_when_the_coordinator_restarts_on_another_port()
    {
        var first = await FakeCluster.StartAsync(new FakeApi { Watch = Send(SampleJobs.Running(1, 9)) }, _home.Path);
        using var watch = RunningCommand.Start(_home.Path, "watch", SampleJobs.Id);
        await watch.SaysAsync("epoch 1/3");
        await first.DisposeAsync();
        await using var second = await FakeCluster.StartAsync(new FakeApi { Watch = Send(SampleJobs.Running(2, 16), SampleJobs.Succeeded) }, _home.Path);

        var run = await watch.EndAsync();

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(["epoch 1/3", "epoch 2/3", "epoch 3/3"], run.Output.Split('\n').Where(line => line.StartsWith("epoch", StringComparison.Ordinal)).Select(line => line[..9]));
        Assert.Matches(@"^The connection is lost; trying again\. \(.*\)\nConnected again\.\n$", run.Errors);
    }

    /// <summary>A command typed while the supervisor starts a killed coordinator again waits for it instead of saying that there is no cluster.</summary>
    [Fact]
    public async Task A_coordinator_that_is_being_restarted_is_waited_for()
    {
        var run = RunFolder.OpenOrCreate(_home["run"]);
        var self = ProcessIdentity.Current;
        new LocalClusterRecord(self.ProcessId, self.StartTicks, Ready: true, 2, 1, "/logs").Write(run);
        using var watch = RunningCommand.Start(_home.Path, "watch", SampleJobs.Id);
        using var list = RunningCommand.Start(_home.Path, "jobs");
        Assert.False(watch.HasEnded);
        await using var restarted = await FakeCluster.StartAsync(new FakeApi { Watch = Send(SampleJobs.Succeeded) }, _home.Path);

        var (watched, listed) = (await watch.EndAsync(), await list.EndAsync());
        Assert.Equal(0, watched.ExitCode);
        Assert.Matches("^(Waiting for the coordinator, which is being started again.\nConnected again.\n)?$", watched.Errors); // Said after a second.
        Assert.Equal((0, "No jobs.\n"), (listed.ExitCode, listed.Output));
    }

    [Fact]
    public async Task Whoever_waits_for_a_coordinator_is_told_so_at_once()
    {
        var run = RunFolder.OpenOrCreate(_home["run"]);
        var self = ProcessIdentity.Current;
        new LocalClusterRecord(self.ProcessId, self.StartTicks, Ready: true, 2, 1, "/logs").Write(run);
        using var logs = RunningCommand.Start(_home.Path, "logs", SampleJobs.Id);
        await logs.WarnsAsync("Waiting for the coordinator, which is being started again.\n");
        logs.Interrupt();
        Assert.Equal(130, (await logs.EndAsync()).ExitCode);
    }

    [Fact]
    public async Task A_failed_job_exits_with_1()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeApi { Watch = Send(SampleJobs.Failed) }, _home.Path);

        Assert.Equal(1, (await CommandRun.InAsync(_home.Path, "watch", SampleJobs.Id)).ExitCode);
    }

    [Theory]
    [InlineData(false, "Detached. The job goes on; see it with: trainer watch lenet-3f2a\n", JobState.Running)]
    [InlineData(true, "Interrupted. lenet (lenet-3f2a): cancelling\n", JobState.Cancelling)]
    public async Task Ctrl_c_leaves_the_job_to_itself_or_cancels_it_as_asked(bool cancel, string said, JobState state)
    {
        var api = new FakeApi { Create = _ => SampleJobs.Queued, Jobs = { SampleJobs.Running(1, 9) }, Watch = Send(SampleJobs.Running(1, 9)) };
        await using var cluster = await FakeCluster.StartAsync(api, _home.Path);
        File.WriteAllText(_home["job.yaml"], "name: a\nmodel: { zoo: lenet }\ndata: { dataset: fashion-mnist }\ntraining: { epochs: 1, batch_size: 8, optimizer: { sgd: { lr: 1 } } }\n");
        using var submit = RunningCommand.Start(_home.Path, ["submit", _home["job.yaml"], "--follow", .. cancel ? ["--cancel-on-interrupt"] : Array.Empty<string>()]);
        await submit.SaysAsync("epoch 1/3");

        submit.Interrupt();
        var run = await submit.EndAsync();

        Assert.Equal((130, said, state), (run.ExitCode, run.Errors, api.Jobs[0].State));
    }

    [Fact]
    public async Task Patience_ends()
    {
        var watched = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var cluster = await FakeCluster.StartAsync(new FakeApi { Watch = Send(SampleJobs.Running(1, 9)) }, _home.Path);
        var follower = new JobFollower(new ClusterAddress(null, null, _home["run"])) { Patience = TimeSpan.FromMilliseconds(300) };
        var events = new List<JobEvent>();
        var reading = Task.Run(async () =>
        {
            await foreach (var happened in follower.FollowAsync(SampleJobs.Id, CancellationToken.None))
            {
                events.Add(happened);
                watched.TrySetResult();
            }
        });
        await watched.Task.WaitAsync(Limit);
        await cluster.DisposeAsync();

        var end = await Assert.ThrowsAsync<CliException>(() => reading.WaitAsync(Limit));

        Assert.Equal(ExitCode.Unreachable, end.ExitCode);
        Assert.StartsWith("Nobody has answered for 0.3 s. ", end.Message);
        Assert.Single(events.OfType<Notice>());
    }

    [Fact]
    public async Task A_job_that_is_not_there_is_not_waited_for()
    {
        var api = new FakeApi { Watch = (_, _) => throw new RpcException(new Status(StatusCode.NotFound, "There is no job 'x'.")) };
        await using var cluster = await FakeCluster.StartAsync(api, _home.Path);

        var run = await CommandRun.InAsync(_home.Path, "watch", "x");

        Assert.Equal((1, "There is no job 'x'.\n"), (run.ExitCode, run.Errors));
    }

    /// <summary>Sends the snapshots; a job that has not ended keeps the stream open.</summary>
    private static Func<IServerStreamWriter<Job>, CancellationToken, Task> Send(params Job[] snapshots) => async (stream, gone) =>
    {
        foreach (var snapshot in snapshots)
        {
            await stream.WriteAsync(snapshot, gone);
        }

        if (snapshots[^1].State == JobState.Running)
        {
            await Task.Delay(Timeout.Infinite, gone);
        }
    };
}
