using Trainer.Node.Links;
using Trainer.Node.States;

namespace Trainer.Node.Tests.States;

public sealed class StateLedgerTests
{
    [Fact]
    public async Task Whoever_waits_for_a_commit_that_never_comes_is_let_go_when_the_job_is_served_no_more()
    {
        var ledger = new StateLedger();
        var waits = Task.Factory.StartNew(
            () => ledger.WaitForCommit(1, TimeSpan.FromHours(1), CancellationToken.None), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        ledger.End();
        Assert.False(await waits.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void That_an_item_is_committed_counts_no_more_once_a_fence_has_been_answered()
    {
        var (ledger, first, second) = (new StateLedger(), new GenerationNumber(1, 1), new GenerationNumber(1, 2));
        ledger.Commit(first, 3);
        Assert.Equal(3u, ledger.Fence(second).Committed);
        ledger.Commit(first, 4);
        Assert.Equal(3u, ledger.Fence(second).Committed);

        ledger.Begin(second, 3);
        ledger.Commit(first, 4);
        ledger.Commit(second, 5);
        Assert.Equal(5u, ledger.Committed);
    }
}
