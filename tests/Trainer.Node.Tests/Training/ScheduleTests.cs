using Trainer.Node.Training;
using EvaluationLimit = Trainer.Protos.EvaluationLimit;

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
                new ScheduleItem(4, ItemKind.CloseEpoch, 1, 0, 23, 3),
                new ScheduleItem(5, ItemKind.Train, 2, 0, 37, 4),
                new ScheduleItem(6, ItemKind.Train, 2, 37, 37, 5),
                new ScheduleItem(7, ItemKind.Train, 2, 74, 27, 6),
                new ScheduleItem(8, ItemKind.CloseEpoch, 2, 0, 23, 6),
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
        Assert.Equal(epochs, string.Join(' ', items.Where(item => item.Kind == ItemKind.CloseEpoch && item.Samples == 3).Select(item => item.Epoch)));
        Assert.All(items.Where(item => item.Kind == ItemKind.CloseEpoch), item => Assert.Contains(item.Samples, new[] { 0, 3 }));
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
                    Assert.Equal(ItemKind.CloseEpoch, items[(int)trained[^1].Index].Kind);
                }

                Assert.Equal(schedule.TotalSteps, items[^1].TrainingStep);
                Assert.Equal(schedule.TotalSteps, (ulong)items.Count(item => item.Kind == ItemKind.Train));
                CheckImagesLeft(schedule, items);
            }
        }
    }

    [Fact]
    public void Evaluations_within_epochs_come_after_each_so_many_steps_and_those_at_an_end_close_it()
    {
        for (var samples = 1; samples <= 13; samples++)
        {
            for (var everySteps = 1; everySteps <= 29; everySteps++)
            {
                foreach (var (batch, every) in new[] { (1, 1), (2, 2), (3, 3), (5, 7) })
                {
                    var schedule = new Schedule(samples, testSamples: 5, batch, epochs: 5, evaluateEvery: every, evaluateEverySteps: everySteps);
                    Assert.Equal(Told(samples, batch, every, everySteps), Items(schedule).Select(item => (item.Kind, item.Epoch, item.TrainingStep, item.Kind != ItemKind.Train && item.Samples > 0)));
                    CheckImagesLeft(schedule, Items(schedule));
                    Assert.Equal(schedule.TotalEvaluations, (ulong)Items(schedule).Count(item => item.Kind == ItemKind.Evaluate));
                    var (few, many) = (EvaluationLimit.Refuse(everySteps, schedule.StepsPerEpoch, 5), EvaluationLimit.Refuse(everySteps, schedule.StepsPerEpoch, 5 * 1_000_000L));
                    var expected = schedule.TotalEvaluations * 1_000_000;
                    Assert.Null(few);
                    Assert.True((5 * schedule.StepsPerEpoch) % everySteps != 0 || (expected == 0 ? many is null : many!.StartsWith($"{everySteps} makes {expected} evaluations", StringComparison.Ordinal)));
                }
            }
        }
    }

    [Fact]
    public void Behind_the_last_batch_of_an_epoch_statistics_are_estimated_from_all_its_batches_before_it_closes()
    {
        var schedule = new Schedule(trainSamples: 101, testSamples: 23, batchSize: 37, epochs: 2, evaluateEverySteps: 2, firstEstimate: 2);
        Assert.Equal("T1 T2 E2 T3 C3 T4 E4 T5 T6 S4 S5 S6 C6", string.Join(' ', Items(schedule).Select(item => $"{(item.Kind == ItemKind.Estimate ? 'S' : item.Kind.ToString()[0])}{item.BatchStep}")));
        for (var samples = 1; samples <= 13; samples++)
        {
            foreach (var (batch, everySteps, first) in new[] { (1, 1, 1), (2, 3, 2), (3, 0, 3), (5, 2, 5), (4, 7, 6) })
            {
                var (with, without) = (
                    new Schedule(samples, 5, batch, epochs: 5, evaluateEvery: 2, evaluateEverySteps: everySteps, firstEstimate: first),
                    new Schedule(samples, 5, batch, epochs: 5, evaluateEvery: 2, evaluateEverySteps: everySteps));
                var items = Items(with);
                Assert.Equal(Items(without).Select(Without), items.Where(item => item.Kind != ItemKind.Estimate).Select(Without));
                for (var epoch = 1; epoch <= 5; epoch++)
                {
                    var ofEpoch = items.Where(item => item.Epoch == epoch).ToList();
                    Assert.Equal(
                        epoch < first ? [] : ofEpoch.Where(item => item.Kind == ItemKind.Train).Select(item => (item.First, item.Samples, item.BatchStep)),
                        ofEpoch[..^1].SkipWhile(item => item.Kind != ItemKind.Estimate).Select(item => (item.First, item.Samples, item.BatchStep)));
                    Assert.Equal(ItemKind.CloseEpoch, ofEpoch[^1].Kind);
                }

                Assert.Equal((without.TotalSteps, without.TotalEvaluations), (with.TotalSteps, with.TotalEvaluations));
                CheckImagesLeft(with, items);
            }
        }

        static (ItemKind, int, int, int, ulong, ulong) Without(ScheduleItem item) => (item.Kind, item.Epoch, item.First, item.Samples, item.TrainingStep, item.Evaluations);
    }

    [Fact]
    public void Where_another_run_goes_on_the_items_before_are_as_they_were_whatever_follows()
    {
        var before = Items(new Schedule(13, testSamples: 5, batchSize: 2, epochs: 3, evaluateEvery: 2, evaluateEverySteps: 3));
        var longer = Items(new Schedule(13, testSamples: 5, batchSize: 2, epochs: 7, evaluateEvery: 5, evaluateEverySteps: 3));
        Assert.Equal(before.Select(item => (item.Index, item.Kind, item.TrainingStep)), longer.Take(before.Length).Select(item => (item.Index, item.Kind, item.TrainingStep)));
    }

    [Fact]
    public void The_longest_schedule_is_found_at_once()
    {
        var schedule = new Schedule(int.MaxValue, testSamples: 5, batchSize: 1, epochs: 1_000_000, evaluateEvery: 1_000_000, evaluateEverySteps: 1_000_000_000);
        Assert.Equal(new ScheduleItem(schedule.LastItem, ItemKind.CloseEpoch, 1_000_000, 0, 5, int.MaxValue * 1_000_000UL), schedule[schedule.LastItem]);
    }

    [Fact]
    public void There_is_no_item_0_and_none_after_the_end()
    {
        var schedule = new Schedule(10, 10, 10, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => schedule[0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => schedule[schedule.LastItem + 1]);
    }

    // One after the other, as a training loop would.
    private static IEnumerable<(ItemKind Kind, int Epoch, ulong Step, bool IsEvaluated)> Told(int samples, int batch, int every, int everySteps)
    {
        var step = 0UL;
        for (var epoch = 1; epoch <= 5; epoch++)
        {
            for (var first = 0; first < samples; first += batch)
            {
                yield return (ItemKind.Train, epoch, ++step, false);
                var isLast = first + batch >= samples;
                var isDue = step % (ulong)everySteps == 0;
                if (isLast)
                {
                    yield return (ItemKind.CloseEpoch, epoch, step, isDue || epoch % every == 0 || epoch == 5);
                }
                else if (isDue)
                {
                    yield return (ItemKind.Evaluate, epoch, step, true);
                }
            }
        }
    }

    private static void CheckImagesLeft(Schedule schedule, ScheduleItem[] items)
    {
        var (train, forward) = (0L, 0L);
        foreach (var item in items.Reverse())
        {
            Assert.Equal((train, forward), (schedule.TrainImagesAfter(item), schedule.ForwardImagesAfter(item)));
            train += item.Kind == ItemKind.Train ? item.Samples : 0;
            forward += item.Kind == ItemKind.Train ? 0 : item.Samples;
        }
    }

    private static ScheduleItem[] Items(Schedule schedule) => [.. Enumerable.Range(1, (int)schedule.LastItem).Select(i => schedule[(ulong)i])];
}
