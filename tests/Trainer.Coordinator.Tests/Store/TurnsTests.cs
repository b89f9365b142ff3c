using Trainer.Coordinator.Store;

namespace Trainer.Coordinator.Tests.Store;

public sealed class TurnsTests
{
    /// <summary>Whoever was told that a write failed must not write later.</summary>
    [Fact]
    public async Task Who_waits_too_long_gives_the_place_up_and_the_next_has_it()
    {
        var turns = new Turns();
        var first = await turns.TakeAsync(TimeSpan.Zero);
        await Assert.ThrowsAsync<TimeoutException>(() => turns.TakeAsync(TimeSpan.FromMilliseconds(10)));
        var third = turns.TakeAsync(TimeSpan.FromMinutes(1));
        Assert.False(third.IsCompleted);

        first.Dispose();
        using (await third)
        {
            await Assert.ThrowsAsync<TimeoutException>(() => turns.TakeAsync(TimeSpan.Zero));
        }

        (await turns.TakeAsync(TimeSpan.Zero)).Dispose();
    }
}
