namespace Trainer.Coordinator.Tests.Jobs.Exhaustive;

/// <summary>All that can happen to small jobs.</summary>
public sealed class ProtocolModelTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(2, 2, 1, 2, 1)]
    [InlineData(2, 3, 1, 1, 1)]
    [InlineData(3, 1, 1, 1, 1)]
    public void No_rule_is_broken_and_nothing_waits_for_ever(int workers, int items, int fences, int crashes, int flips) => Explore(workers, items, fences, crashes, flips);

    [Theory]
    [Trait("Category", "Long")]
    [InlineData(2, 3, 2, 2, 1)]
    [InlineData(3, 2, 1, 2, 1)]
    public void No_rule_is_broken_and_nothing_waits_for_ever_in_larger_jobs(int workers, int items, int fences, int crashes, int flips) => Explore(workers, items, fences, crashes, flips);

    [Fact]
    public void Going_on_from_the_highest_applied_item_keeps_a_spoilt_one()
    {
        var search = new Search(new ProtocolModel(workers: 2, items: 2, fences: 1, crashes: 1, flips: 1, fromHighestApplied: true));
        var broken = search.Run();
        output.WriteLine($"{search.States} states until this was found:\n{broken}");
        Assert.StartsWith("Rule 16 is broken: generation 3 is to go on from a state after 1 that is not the right one.", broken);
    }

    private void Explore(int workers, int items, int fences, int crashes, int flips)
    {
        var search = new Search(new ProtocolModel(workers, items, fences, crashes, flips));
        var broken = search.Run();
        output.WriteLine($"{workers} workers, {items} items, {fences} fences, {crashes} crashes, {flips} changed bits: {search.States} states, {search.Transitions} transitions");
        Assert.True(broken is null, broken);
    }
}
