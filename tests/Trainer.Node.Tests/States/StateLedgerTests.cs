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
}
