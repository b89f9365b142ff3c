using Trainer.Kernels.Training;
using Trainer.Node.Training;

namespace Trainer.Node.Tests.Training;

public class ProgressMeterTests
{
    private readonly Schedule _schedule = new(trainSamples: 100, testSamples: 40, batchSize: 30, epochs: 2);

    [Fact]
    public void Sums_are_of_the_epoch_and_speed_and_time_left_of_the_work()
    {
        var meter = new ProgressMeter(_schedule);
        meter.Trained(_schedule[1], new PassSums(60, 35, 3, 30), seconds: 0.3);
        meter.Trained(_schedule[2], new PassSums(30, 25, 9, 30), seconds: 0.3);
        var progress = meter.Snapshot(_schedule[2]);
        Assert.Equal((2UL, 8UL, 1U, 2U), (progress.Step, progress.TotalSteps, progress.Epoch, progress.TotalEpochs));
        Assert.Equal((1.5, 0.2), (progress.Loss, progress.Accuracy));
        Assert.Equal(100, progress.ImagesPerSecond, 1e-9);
        Assert.Equal((40 / 100.0) + (100 / 100.0) + (80 / 300.0), progress.EtaSeconds, 1e-9);
    }

    [Fact]
    public void An_evaluation_closes_the_epoch_and_the_next_begins_anew()
    {
        var meter = new ProgressMeter(_schedule);
        for (var item = 1UL; item <= 4; item++)
        {
            meter.Trained(_schedule[item], new PassSums(50, 25, 5, 25), seconds: 0.25);
        }

        var epoch = meter.Evaluated(_schedule[5], new PassSums(20, 40, 10, 40), seconds: 0.1, learningRate: 0.25);
        Assert.Equal(0.25, epoch.LearningRate);
        Assert.Equal((1U, 2.0, 0.2, 0.5, 0.25), (epoch.Epoch, epoch.Loss, epoch.TrainAccuracy, epoch.TestLoss, epoch.TestAccuracy));
        Assert.Equal((100.0, 1.1), (epoch.ImagesPerSecond, epoch.Seconds));
        Assert.Equal(2.0, meter.Snapshot(_schedule[5]).Loss);
        Assert.Equal((100 / 100.0) + (40 / 400.0), meter.Snapshot(_schedule[5]).EtaSeconds, 1e-9);

        meter.Trained(_schedule[6], new PassSums(30, 30, 30, 30), seconds: 0.3);
        Assert.Equal((1.0, 1.0), (meter.Loss, meter.Accuracy));
        Assert.Equal(0, meter.Snapshot(_schedule[_schedule.LastItem]).EtaSeconds);
    }

    [Fact]
    public void Speed_forgets_what_is_longer_ago_than_its_window()
    {
        var window = new SpeedWindow(seconds: 2);
        Assert.Equal(0, window.PerSecond);
        for (var i = 0; i < 100; i++)
        {
            window.Add(items: 10, duration: 0.1);
        }

        Assert.Equal(100, window.PerSecond, 1e-6);
        for (var i = 0; i < 30; i++)
        {
            window.Add(items: 50, duration: 0.1);
        }

        Assert.Equal(500, window.PerSecond, 1e-6);
    }
}
