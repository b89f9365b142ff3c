using Trainer.Node.Links;
using Trainer.Node.Reduction;
using Trainer.Node.Tests.Links;
using Trainer.Node.Tests.Training;
using Trainer.Protos;
using Trainer.Protos.Cluster;
using Kind = Trainer.Protos.Cluster.Failure.Types.Kind;

namespace Trainer.Node.Tests.Worker;

/// <summary>
/// One bit changes, in a worker's memory or on the way between workers: the step that it touched is not committed, whose memory it was is named, and the weights
/// stay those of an undisturbed job. The test takes the part of the job's entity.
/// </summary>
public sealed class CorruptionTests : IDisposable
{
    private const int Victim = 1;

    private readonly TinyData _data = new(train: 211, test: 53);
    private readonly JobSpec _job;

    public CorruptionTests()
    {
        _job = _data.Job(batchSize: 37, shards: 8, epochs: 6, learningRate: 0.1);
        _job.Training.BatchNormShards = 8;
        _job.Model = new Model
        {
            Layers =
            {
                new Layer { Conv2D = new Conv2d { OutChannels = 5, KernelSize = { 5 }, Stride = { 3 } } },
                new Layer { BatchNorm2D = new BatchNorm2d() },
                new Layer { Relu = new Relu() },
                new Layer { Flatten = new Flatten() },
                new Layer { Linear = new Linear { OutFeatures = 640 } },
                new Layer { Linear = new Linear { OutFeatures = TinyData.Classes } },
            },
        };
    }

    public void Dispose() => _data.Dispose();

    /// <param name="count">Which time.</param>
    [Theory]
    [InlineData(HashedMemory.Weights, 9)]
    [InlineData(HashedMemory.OptimizerState, 9)]
    [InlineData(HashedMemory.Average, 9)]
    [InlineData(HashedMemory.Contribution, 100)]
    [InlineData(HashedMemory.Contribution, 101)]
    [InlineData(HashedMemory.Contribution, 102)]
    [InlineData(HashedMemory.Total, 100)]
    [InlineData(HashedMemory.Total, 101)]
    [InlineData(HashedMemory.Total, 102)]
    [InlineData(HashedMemory.BatchNormPart, 20)]
    [InlineData(HashedMemory.BatchNormPart, 21)]
    public async Task A_bit_that_changes_in_memory_names_the_worker(HashedMemory memory, int count)
    {
        _job.Training.Averaging = memory == HashedMemory.Average ? new Averaging { Ema = new Ema { Decay = 0.8 } } : null;
        var expected = await UndisturbedAsync();
        var left = count;
        void Flip(HashedMemory what, Span<float> values)
        {
            if (what == memory && Interlocked.Decrement(ref left) == 0)
            {
                values[values.Length / 3] = BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(values[values.Length / 3]) ^ 1);
            }
        }

        await using var group = await new WorkerGroup(workers: 3, hashed: worker => worker == Victim ? Flip : null).ReadyAsync();
        var (sha256, failures) = await TrainAsync(group);
        Assert.Equal(expected, sha256);
        Assert.True(left <= 0);
        Assert.Equal($"worker-{Victim}", Assert.Single(failures).Worker);
        Assert.Contains("has changed in memory", failures[0].Failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FrameKind.Contribution, 100)]
    [InlineData(FrameKind.Total, 101)]
    [InlineData(FrameKind.GroupPart, 20)]
    public async Task A_bit_that_changes_on_the_way_costs_a_step_and_names_nobody(FrameKind kind, int count)
    {
        var expected = await UndisturbedAsync();
        await using var group = await new WorkerGroup(workers: 3, unix: false, tls: false).ReadyAsync();
        using var proxy = new FlippingProxy(group.Status[Victim].LinkEndpoints[0], kind, count);
        group.Status[Victim].LinkEndpoints[0] = proxy.Endpoint;
        var (sha256, failures) = await TrainAsync(group);
        Assert.Equal(expected, sha256);
        Assert.True(proxy.HasFlipped);
        Assert.Empty(failures);
    }

    /// <param name="chunk">The first ones are weights, the last one is of what the optimizer keeps.</param>
    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public async Task A_state_that_changes_on_its_way_to_a_joiner_is_asked_of_another_holder(int chunk)
    {
        var expected = await UndisturbedAsync();
        await using var group = await new WorkerGroup(workers: 3, unix: false, tls: false).ReadyAsync();
        await group.EnlistAsync("job", _job, 0, 1);
        group.Start("job", _job, 1, [0, 1]);
        await group.ReportAsync(0, report => report.Step is not null);
        await group.EnlistAsync("job", _job, 2);
        var state = await group.HoldAsync("job", 1, 0, 1);
        using var proxy = new FlippingProxy(group.Status[0].LinkEndpoints[0], FrameKind.StateChunk, chunk);
        group.Status[0].LinkEndpoints[0] = proxy.Endpoint;
        group.Start("job", _job, 2, [0, 1, 2], state, [0, 1]);
        Assert.Equal(expected, (await group.FinishAsync("job", 2, 0, 1, 2)).WeightsSha256);
        Assert.True(proxy.HasFlipped);
    }

    /// <summary>Until the job is done: whoever says that its memory has changed is left out, and after a corrupt link all examine theirs.</summary>
    private async Task<(string Sha256, List<WorkerReport> Failures)> TrainAsync(WorkerGroup group)
    {
        List<int> members = [0, 1, 2];
        var failures = new List<WorkerReport>();
        await group.BeginAsync("job", _job);
        for (var number = 1UL; ; number += 2)
        {
            var report = await group.HearAsync<WorkerReport>(said => said.Generation.Number == number
                && (said.Finished is not null || said.Failure is { Kind: Kind.Corruption } || said.LinkLost is { Corrupt: true }));
            if (report.Finished is not null)
            {
                return ((await group.SaveAsync("job", number, members[0], Save.Types.Kind.Result)).Saved.WeightsSha256, failures);
            }

            if (report.Failure is not null)
            {
                failures.Add(report);
                members.Remove(report.Worker[^1] - '0');
            }

            var state = await group.FenceAsync("job", number + 1, [.. members]);
            group.Start("job", _job, number + 2, members, state, members, examine: report.LinkLost is not null);
        }
    }

    private async Task<string> UndisturbedAsync()
    {
        await using var group = await new WorkerGroup(workers: 1).ReadyAsync();
        return (await group.TrainAsync("job", _job)).WeightsSha256;
    }
}
