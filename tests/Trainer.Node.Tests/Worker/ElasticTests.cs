using Akka.Actor;
using Trainer.Node.Tests.Training;
using Trainer.Node.Training;
using Trainer.Node.Worker;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Tests.Worker;

/// <summary>Members that die, leave and join: the weights stay those of an undisturbed job, bit for bit. The test takes the part of the job's entity.</summary>
public sealed class ElasticTests : IDisposable
{
    private readonly TinyData _data = new(train: 211, test: 53);
    private readonly JobSpec _job;

    public ElasticTests() => _job = _data.Job(batchSize: 16, shards: 8, epochs: 30);

    public void Dispose() => _data.Dispose();

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task A_member_dies_and_the_others_go_on_from_the_last_committed_item(bool averages, bool memory)
    {
        _job.Training.Averaging = averages ? new Averaging { Ema = new Ema { Decay = 0.9 } } : null;
        var expected = await UndisturbedAsync();
        await using var group = await new WorkerGroup(workers: 3, memory: memory).ReadyAsync();
        await group.BeginAsync("job", _job);
        await group.ReportAsync(0, report => report.Step?.Committed.Item > 20);
        group.Workers[1].Tell(PoisonPill.Instance);
        await group.ReportAsync(2, report => report.LinkLost?.Peer == "worker-1");

        var committed = await group.FenceAsync("job", 2, 0, 2);
        group.Start("job", _job, 3, [2, 0], committed, [0, 2]);
        Assert.Equal(expected, (await group.FinishAsync("job", 3, 2, 0)).WeightsSha256);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Members_are_fenced_again_and_again_at_any_moment(bool memory)
    {
        var expected = await UndisturbedAsync();
        await using var group = await new WorkerGroup(workers: 3, memory: memory).ReadyAsync();
        await group.BeginAsync("job", _job);
        var number = 1UL;
        for (var round = 0; round < 12; round++)
        {
            var state = await group.FenceAsync("job", ++number, 0, 1, 2);
            group.Forget();
            group.Start("job", _job, ++number, round % 2 == 0 ? [2, 1, 0] : [0, 1, 2], state, [0, 1, 2]);
            if (round % 3 != 0)
            {
                await group.ReportAsync(1, report => report.Started is not null && report.Generation.Number == number);
            }
        }

        Assert.Equal(expected, (await group.FinishAsync("job", number, 0, 1, 2)).WeightsSha256);
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task A_worker_joins_with_the_state_of_a_holder_and_another_leaves_at_the_same_boundary(bool averages, bool memory)
    {
        _job.Training.Averaging = averages ? new Averaging { Ema = new Ema { Decay = 0.9 } } : null;
        var expected = await UndisturbedAsync();
        await using var group = await new WorkerGroup(workers: 3, memory: memory).ReadyAsync();
        await group.EnlistAsync("job", _job, 0, 1);
        group.Start("job", _job, 1, [0, 1]);
        await group.ReportAsync(0, report => report.Step?.Committed.Item > 20);
        await group.EnlistAsync("job", _job, 2);

        var state = await group.HoldAsync("job", 1, 0, 1);
        group.Start("job", _job, 2, [2, 1], state, [1]);
        await group.ReportAsync(2, report => report.Started is not null);
        group.Release("job", 2, 0);
        await group.IdleAsync(0);
        Assert.Equal(expected, (await group.FinishAsync("job", 2, 2, 1)).WeightsSha256);
    }

    [Fact]
    public async Task A_holder_that_is_gone_is_passed_over()
    {
        var expected = await UndisturbedAsync();
        await using var group = await new WorkerGroup(workers: 3).ReadyAsync();
        await group.EnlistAsync("job", _job, 0, 1);
        group.Start("job", _job, 1, [0, 1]);
        await group.ReportAsync(0, report => report.Step is not null);
        await group.EnlistAsync("job", _job, 2);
        var state = await group.HoldAsync("job", 1, 0, 1);
        await group.Workers[0].GracefulStop(TimeSpan.FromMinutes(1), new WorkerActor.Quit());
        group.Start("job", _job, 2, [1, 2], state, [0, 1]);
        Assert.Equal(expected, (await group.FinishAsync("job", 2, 1, 2)).WeightsSha256);
    }

    /// <summary>Of an average the checkpoint has what two or more ends of epochs made of it, and of its statistics what some batches did.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task All_die_and_others_go_on_from_a_checkpoint_that_was_written_beside_training(bool averages)
    {
        if (averages)
        {
            _job.Training.Averaging = new Averaging { Swa = new Swa { StartEpoch = 1 } };
            _job.Model = ProtoJson.Read<Model>("""{"layers":[{"conv2d":{"out_channels":3,"kernel_size":[5],"stride":[3]}},{"batch_norm2d":{}},{"relu":{}},{"flatten":{}},{"linear":{"out_features":10}}]}""");
        }

        var expected = await UndisturbedAsync();
        await using var group = await new WorkerGroup(workers: 3).ReadyAsync();
        await group.EnlistAsync("job", _job, 0, 1);
        group.Start("job", _job, 1, [0, 1]);
        await group.ReportAsync(0, report => report.Step?.Committed.Item > 35);
        var saved = (await group.SaveAsync("job", 1, 1, Save.Types.Kind.Checkpoint)).Saved;
        Assert.InRange(saved.State.Item, 35UL, 1000UL);
        group.Workers[0].Tell(PoisonPill.Instance);
        group.Workers[1].Tell(PoisonPill.Instance);

        await group.EnlistAsync("job", _job, 2);
        group.Start("job", _job, 2, [2], saved.State, checkpoint: saved.Checkpoint);
        Assert.Equal(expected, (await group.FinishAsync("job", 2, 2)).WeightsSha256);
    }

    [Fact]
    public async Task A_checkpoint_that_is_spoilt_is_refused_by_name()
    {
        await using var group = await new WorkerGroup(workers: 1).ReadyAsync();
        await group.BeginAsync("job", _job);
        await group.ReportAsync(0, report => report.Step is not null);
        var saved = (await group.SaveAsync("job", 1, 0, Save.Types.Kind.Checkpoint)).Saved;
        var path = Path.Combine(saved.Checkpoint.Folder, "state.bin");
        var bytes = File.ReadAllBytes(path);
        bytes[^5] ^= 1;
        File.WriteAllBytes(path, bytes);
        group.Release("job");
        await group.AllIdleAsync();
        await group.EnlistAsync("job", _job, 0);
        group.Start("job", _job, 2, [0], saved.State, checkpoint: saved.Checkpoint);
        var failure = (await group.ReportAsync(0, report => report.Failure is not null)).Failure;
        Assert.Equal(Trainer.Protos.Cluster.Failure.Types.Kind.State, failure.Kind);
        Assert.Contains(path, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_that_still_loads_is_free_at_once_when_it_is_let_go()
    {
        using var mayLoad = new ManualResetEventSlim();
        var loads = 0;
        var slowLoads = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var group = await new WorkerGroup(workers: 1, reached: _ => moment =>
        {
            if (moment == Moment.Loading && Interlocked.Increment(ref loads) == 1)
            {
                slowLoads.SetResult();
                mayLoad.Wait();
            }
        }).ReadyAsync();
        group.Workers[0].Tell(new Enlist { Job = "slow", Generation = WorkerGroup.Number(0), Incarnation = group.Status[0].Incarnation, Spec = _job });
        Assert.Equal("loading", (await group.ReportAsync(0, report => report.Alive is not null)).Alive.Phase);
        await slowLoads.Task; // a job that is let go before it came here would leave the wait to the next one
        group.Release("slow");
        await group.IdleAsync(0);
        Assert.NotEmpty((await group.TrainAsync("next", _data.Job())).WeightsSha256);
        mayLoad.Set();
    }

    private async Task<string> UndisturbedAsync()
    {
        await using var group = await new WorkerGroup(workers: 1).ReadyAsync();
        return (await group.TrainAsync("undisturbed", _job)).WeightsSha256;
    }
}
