using Trainer.Node.Tests.Training;
using Trainer.Node.Training;

namespace Trainer.Node.Tests.Worker;

/// <summary>What a worker says of its own speed: what it computes, and not what it waits for.</summary>
public sealed class ShareMeterTests
{
    [Fact]
    public async Task A_worker_that_pauses_says_so_and_one_that_waits_for_it_does_not()
    {
        const double pause = 0.02;
        using var data = new TinyData(train: 211, test: 53);
        using var gate = new ManualResetEventSlim();
        var job = data.Job(batchSize: 16, shards: 8, epochs: 1000);
        await using var group = await new WorkerGroup(workers: 2, reached: worker => worker == 1 ? Pause : null).ReadyAsync();
        await group.BeginAsync("job", job);

        var slow = (await group.ReportAsync(1, report => report.Alive?.ShardSeconds > 0)).Alive;
        Assert.True(slow.ShardSeconds >= pause && slow.UpdateSeconds > 0, $"{slow}");
        var swift = (await group.ReportAsync(0, report => report.Alive?.ShardSeconds > 0)).Alive;
        Assert.True(swift.ShardSeconds < pause, $"{swift}");
        await group.FenceAsync("job", 2, 0, 1);

        void Pause(Moment moment)
        {
            if (moment == Moment.Shard)
            {
                gate.Wait(TimeSpan.FromSeconds(pause)); // Never set: it costs time and no processor.
            }
        }
    }

    [Fact]
    public void The_first_step_of_a_segment_warms_up_and_does_not_count()
    {
        var meter = new ShareMeter(samplesOfShard: 4, least: 1);
        meter.Begin();
        meter.Trained(8, 100, 100);
        meter.Trained(8, 0.5, 0.25);
        Assert.Equal(0, meter.ShardSeconds);
        meter.Trained(8, 0.5, 0.25);
        Assert.Equal((0.25, 0.25), (meter.ShardSeconds, meter.UpdateSeconds));
        meter.Begin();
        meter.Trained(8, 100, 100);
        Assert.Equal(0.25, meter.ShardSeconds);
    }
}
