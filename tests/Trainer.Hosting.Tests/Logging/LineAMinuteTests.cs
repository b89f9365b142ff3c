using Trainer.Hosting.Logging;

namespace Trainer.Hosting.Tests.Logging;

public sealed class LineAMinuteTests
{
    [Fact]
    public void The_first_is_told_at_once_and_the_others_together_once_a_minute()
    {
        var (clock, told) = (new Minutes(), new List<(int, string)>());
        using var lines = new LineAMinute((count, last) => told.Add((count, last)), clock);
        lines.Note("a");
        lines.Note("b");
        lines.Note("c");
        Assert.Equal([(1, "a")], told);
        clock.Pass();
        Assert.Equal([(1, "a"), (2, "c")], told);
        clock.Pass();
        lines.Note("d");
        Assert.Equal([(1, "a"), (2, "c"), (1, "d")], told);
    }

    /// <summary>Time passes when the test says so.</summary>
    private sealed class Minutes : TimeProvider
    {
        private Action _callback = () => { };

        public void Pass() => _callback();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _callback = () => callback(state);
            return new Never();
        }
    }

    private sealed class Never : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}
