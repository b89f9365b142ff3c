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
        meter.Trained(_schedule[1], new PassSums(60, 35, 3, 30, 30), seconds: 0.3);
        meter.Trained(_schedule[2], new PassSums(30, 25, 9, 30, 30), seconds: 0.3);
        var progress = meter.Snapshot(_schedule[2], Open(new PassSums(90, 60, 12, 60, 60)));
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
            meter.Trained(_schedule[item], new PassSums(50, 25, 5, 25, 25), seconds: 0.25);
        }

        var sums = new EpochSums(new PassSums(200, 100, 20, 100, 100), new PassSums(20, 40, 10, 40, 40));
        var epoch = meter.Closed(_schedule[5], Closed(sums), seconds: 0.1, learningRate: 0.25);
        Assert.Equal(0.25, epoch.LearningRate);
        Assert.Equal((1U, 2.0, 0.2, 0.5, 0.25), (epoch.Epoch, epoch.Loss, epoch.TrainAccuracy, epoch.TestLoss, epoch.TestAccuracy));
        Assert.Equal((100.0, 1.1), (epoch.ImagesPerSecond, epoch.Seconds));
        Assert.Equal(2.0, meter.Snapshot(_schedule[5], Closed(sums)).Loss);
        Assert.Equal((100 / 100.0) + (40 / 400.0), meter.Snapshot(_schedule[5], Closed(sums)).EtaSeconds, 1e-9);

        meter.Trained(_schedule[6], new PassSums(30, 30, 30, 30, 30), seconds: 0.3);
        Assert.Equal(0, meter.Snapshot(_schedule[_schedule.LastItem], default).EtaSeconds);
    }

    [Fact]
    public void What_the_loss_ignores_counts_neither_for_loss_nor_accuracy_and_is_told()
    {
        var meter = new ProgressMeter(_schedule);
        meter.Trained(_schedule[1], new PassSums(0, 0, 0, 0, Samples: 30), seconds: 0.3);
        var ignored = meter.Snapshot(_schedule[1], Open(new PassSums(0, 0, 0, 0, Samples: 30)));
        Assert.True(double.IsNaN(ignored.Loss) && double.IsNaN(ignored.Accuracy));
        meter.Trained(_schedule[2], new PassSums(50, 25, 5, 20, Samples: 30), seconds: 0.3);
        meter.Trained(_schedule[3], new PassSums(0, 0, 0, 0, Samples: 30), seconds: 0.3);
        meter.Trained(_schedule[4], new PassSums(10, 5, 5, 5, Samples: 10), seconds: 0.3);
        var sums = new EpochSums(new PassSums(60, 30, 10, 25, Samples: 100), new PassSums(20, 40, 10, 20, Samples: 40));
        var epoch = meter.Closed(_schedule[5], Closed(sums), seconds: 0.1, learningRate: 0.25);

        Assert.Equal((2.0, 0.4, 0.5), (epoch.Loss, epoch.TrainAccuracy, epoch.TestAccuracy));
        Assert.Equal((75UL, 2U), (epoch.IgnoredSamples, epoch.IgnoredSteps));
        Assert.Equal(
            "Epoch 1: the loss ignores every sample of 2 steps; the gradient was 0 there, and the epoch's loss leaves them out.", JobNotes.Of(epoch));

        meter.Trained(_schedule[6], new PassSums(30, 30, 30, 30, 30), seconds: 0.3);
        var next = meter.Closed(_schedule[10], Closed(sums, new EpochSums(new PassSums(30, 30, 30, 30, 30), new PassSums(20, 40, 10, 40, 40))), seconds: 0.1, learningRate: 0.25);
        Assert.Equal((0UL, 0U, null), (next.IgnoredSamples, next.IgnoredSteps, JobNotes.Of(next)));
    }

    [Fact]
    public void Evaluations_within_an_epoch_take_time_of_it_and_the_last_is_told()
    {
        var meter = new ProgressMeter(_schedule);
        meter.Trained(_schedule[1], new PassSums(60, 30, 3, 30, 30), seconds: 0.25);
        meter.WentForward(_schedule[5], seconds: 0.5);
        var open = Open(new PassSums(60, 30, 3, 30, 30)).Evaluated(new PassSums(20, 40, 10, 40, 40));
        var told = meter.Snapshot(_schedule[1], open).Evaluation;
        Assert.Equal((1UL, 0.5, 0.25), (told.Step, told.TestLoss, told.TestAccuracy));

        var epoch = meter.Closed(_schedule[5], open.Closed(default), seconds: 0.125, learningRate: 1);
        Assert.Equal((0.875, told), (epoch.Seconds, Assert.Single(epoch.Evaluations)));
        Assert.True(double.IsNaN(epoch.TestLoss));
    }

    [Fact]
    public void A_start_tells_what_it_left_out()
    {
        Assert.Null(JobNotes.Of(new WarmStartRest([], [])));
        Assert.Equal(
            "training.init.weights: left out are a, b, c, d and 1 more, which the model has not; "
            + "the file has no 1.weight, which start as they would without it.",
            JobNotes.Of(new WarmStartRest(["a", "b", "c", "d", "e"], ["1.weight"])));
    }

    [Fact]
    public void A_start_tells_what_was_not_meant() => Assert.Equal(
        "training.init.weights: left out are aux.weight, as include and exclude say; drawn anew are fc.bias, fc.weight, as reset says.",
        JobNotes.Of(new WarmStartRest([], []) { Excluded = ["aux.weight"], Reset = ["fc.bias", "fc.weight"] }));

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

    private static TrainingProgress Open(PassSums epoch) => default(TrainingProgress).Trained(epoch);

    private static TrainingProgress Closed(params EpochSums[] epochs) => default(TrainingProgress) with { Epochs = epochs };
}
