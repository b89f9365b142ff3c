using Trainer.Node.Training;

namespace Trainer.Node.Tests.Training;

public sealed class ItemDeadlinesTests
{
    private static readonly ScheduleItem Train = new(1, ItemKind.Train, 1, 0, 37, 1);
    private static readonly ScheduleItem Estimate = new(4, ItemKind.Estimate, 1, 0, 37, 3);
    private static readonly ScheduleItem Evaluate = new(2, ItemKind.Evaluate, 1, 0, 53, 1);
    private static readonly ScheduleItem Close = new(5, ItemKind.CloseEpoch, 1, 0, 53, 3);
    private static readonly ScheduleItem CloseWithoutLook = new(5, ItemKind.CloseEpoch, 1, 0, 0, 3);

    [Fact]
    public void The_first_item_of_a_kind_has_long_and_others_what_such_items_take()
    {
        var deadlines = new ItemDeadlines(seconds: 5);
        Assert.Equal(60, deadlines.Of(Train).TotalSeconds);
        deadlines.Took(Train, 10);
        Assert.Equal((35, 60, 60), (deadlines.Of(Train).TotalSeconds, deadlines.Of(Evaluate).TotalSeconds, deadlines.Of(Estimate).TotalSeconds));
        deadlines.Took(Train, 20);
        Assert.Equal(5 + (3 * 12), deadlines.Of(Train).TotalSeconds, 9);
    }

    /// <summary>Else the last epoch, which is always evaluated, had milliseconds for it where those before it were not.</summary>
    [Fact]
    public void Closing_an_epoch_without_a_look_at_the_test_set_says_nothing_of_how_long_a_look_takes()
    {
        var deadlines = new ItemDeadlines(seconds: 5);
        deadlines.Took(CloseWithoutLook, 0.001);
        Assert.Equal((60, 5), (deadlines.Of(Close).TotalSeconds, deadlines.Of(CloseWithoutLook).TotalSeconds));
        deadlines.Took(Evaluate, 8); // Within an epoch: the same work as at its end.
        Assert.Equal((29, 29), (deadlines.Of(Close).TotalSeconds, deadlines.Of(Evaluate).TotalSeconds));
    }

    [Fact]
    public void A_thread_that_comes_on_with_what_it_is_at_is_not_overdue_however_long_all_of_it_takes()
    {
        var watch = new ThreadWatch();
        watch.Begin("forward", TimeSpan.FromSeconds(5));
        for (var part = 0; part < 7; part++)
        {
            Assert.False(watch.IsOverdueAfter(TimeSpan.FromSeconds(4), out _));
            watch.Progress();
        }

        Assert.False(watch.IsOverdueAfter(TimeSpan.FromSeconds(4), out _));
        Assert.True(watch.IsOverdueAfter(TimeSpan.FromSeconds(4), out var elapsed));
        Assert.Equal(8, elapsed.TotalSeconds);
    }
}
