using Trainer.Node.Training;

namespace Trainer.Node.Tests.Training;

public class ScheduleTests
{
    [Fact]
    public void Two_epochs_of_three_batches()
    {
        var schedule = new Schedule(trainSamples: 101, testSamples: 23, batchSize: 37, epochs: 2);
        Assert.Equal(
            [
                new ScheduleItem(1, ItemKind.Train, 1, 0, 37, 1),
                new ScheduleItem(2, ItemKind.Train, 1, 37, 37, 2),
                new ScheduleItem(3, ItemKind.Train, 1, 74, 27, 3),
                new ScheduleItem(4, ItemKind.Evaluate, 1, 0, 23, 3),
                new ScheduleItem(5, ItemKind.Train, 2, 0, 37, 4),
                new ScheduleItem(6, ItemKind.Train, 2, 37, 37, 5),
                new ScheduleItem(7, ItemKind.Train, 2, 74, 27, 6),
                new ScheduleItem(8, ItemKind.Evaluate, 2, 0, 23, 6),
            ],
            Items(schedule));
        Assert.Equal((6UL, 8UL), (schedule.TotalSteps, schedule.LastItem));
    }

    [Theory]
    [InlineData(1, "1 2 3 4 5")]
    [InlineData(2, "2 4 5")]
    [InlineData(3, "3 5")]
    [InlineData(5, "5")]
    [InlineData(9, "5")]
    public void The_test_set_is_looked_at_after_some_epochs_and_the_last(int every, string epochs)
    {
        var schedule = new Schedule(trainSamples: 7, testSamples: 3, batchSize: 4, epochs: 5, evaluateEvery: every);
        var items = Items(schedule);
        Assert.Equal(epochs, string.Join(' ', items.Where(item => item.Kind == ItemKind.Evaluate && item.Samples == 3).Select(item => item.Epoch)));
        Assert.All(items.Where(item => item.Kind == ItemKind.Evaluate), item => Assert.Contains(item.Samples, new[] { 0, 3 }));
        Assert.Equal(15ul, schedule.LastItem);
        CheckImagesLeft(schedule, items);
    }

    [Fact]
    public void Every_sample_of_every_epoch_is_trained_once_whatever_the_sizes()
    {
        for (var samples = 1; samples <= 40; samples++)
        {
            for (var batch = 1; batch <= 41; batch++)
            {
                var schedule = new Schedule(samples, testSamples: 5, batch, epochs: 3);
                var items = Items(schedule);
                for (var epoch = 1; epoch <= 3; epoch++)
                {
                    var trained = items.Where(item => item.Epoch == epoch && item.Kind == ItemKind.Train).ToArray();
                    Assert.Equal(Enumerable.Range(0, samples), trained.SelectMany(item => Enumerable.Range(item.First, item.Samples)));
                    Assert.Equal(ItemKind.Evaluate, items[(int)trained[^1].Index].Kind);
                }

                Assert.Equal(schedule.TotalSteps, items[^1].TrainingStep);
                Assert.Equal(schedule.TotalSteps, (ulong)items.Count(item => item.Kind == ItemKind.Train));
                CheckImagesLeft(schedule, items);
            }
        }
    }

    [Fact]
    public void There_is_no_item_0_and_none_after_the_end()
    {
        var schedule = new Schedule(10, 10, 10, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => schedule[0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => schedule[schedule.LastItem + 1]);
    }

    private static void CheckImagesLeft(Schedule schedule, ScheduleItem[] items)
    {
        var (train, test) = (0L, 0L);
        foreach (var item in items.Reverse())
        {
            Assert.Equal((train, test), (schedule.TrainImagesAfter(item), schedule.TestImagesAfter(item)));
            train += item.Kind == ItemKind.Train ? item.Samples : 0;
            test += item.Kind == ItemKind.Evaluate ? item.Samples : 0;
        }
    }

    private static ScheduleItem[] Items(Schedule schedule) => [.. Enumerable.Range(1, (int)schedule.LastItem).Select(i => schedule[(ulong)i])];
}
