using Trainer.Coordinator.Jobs;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs;

public sealed class VerdictTests
{
    private static readonly string[] Members = ["a", "b", "c"];

    [Fact]
    public void All_go_on_from_the_last_committed_item()
    {
        var verdict = Of(new() { ["a"] = Answer(7, 7, 8), ["c"] = Answer(6, 6, 7) }, known: 5)!;
        Assert.Equal(7ul, verdict.State.Item);
        Assert.Equal(["a", "c"], verdict.Members);
        Assert.Equal(["a", "c"], verdict.Holders);
    }

    [Fact]
    public void A_set_in_which_nobody_holds_it_is_none()
    {
        Assert.Null(Of(new() { ["a"] = Answer(6, 6) }, known: 7));
        Assert.Null(Of([], known: 0));
        Assert.Equal(["a"], Of(new() { ["a"] = Answer(0) }, known: 0)!.Members); // The initial state is anybody's.
    }

    [Fact]
    public void Whose_state_differs_is_left_out()
    {
        var other = Answer(7, 7);
        other.Held[0].Hash = 99;
        var verdict = Of(new() { ["a"] = other, ["b"] = Answer(7, 7), ["c"] = Answer(7, 7) })!;
        Assert.Equal(["b", "c"], verdict.Members);
        Assert.Equal("a", Assert.Single(verdict.Excluded).Worker);
    }

    [Fact]
    public void Who_failed_is_left_out_unless_nobody_else_is_there()
    {
        var fault = Fault(FaultKind.Failure, "b", "b") with { Failure = Failure.Types.Kind.Io };
        Assert.Equal(["a", "c"], Of(All(), faults: [fault])!.Members);
        Assert.Equal(["b"], Of(new() { ["b"] = Answer(7, 7) }, faults: [fault])!.Members);
    }

    [Fact]
    public void A_link_may_fail_once_between_the_living_and_counts_for_nothing_where_one_died()
    {
        var fault = Fault(FaultKind.Link, "a", "b");
        var once = Of(All(), faults: [fault])!;
        Assert.Equal(Members, once.Members);
        var twice = Of(All(), faults: [fault], setbacks: once.Setbacks)!;
        Assert.Equal(["a", "c"], twice.Members);

        var died = Of(new() { ["a"] = Answer(7, 7), ["b"] = Answer(7, 7) }, faults: [fault], setbacks: once.Setbacks with { Links = new Setbacks().Links })!;
        Assert.Equal(["a", "b"], died.Members);
        Assert.Empty(died.Setbacks.Links);
    }

    [Fact]
    public void A_pair_whose_link_failed_twice_counts_as_not_linked_for_ten_minutes_whatever_is_committed()
    {
        var fault = Fault(FaultKind.Link, "a", "c");
        var twice = Of(All(), faults: [fault], setbacks: Of(All(), faults: [fault])!.Setbacks)!;
        var setbacks = twice.Setbacks.Commit(9);
        Assert.Empty(setbacks.Links);
        Assert.Equal(["a", "b"], Of(All(), setbacks: setbacks, now: TimeSpan.FromMinutes(9.9))!.Members);
        Assert.Equal(Members, Of(All(), setbacks: setbacks, now: TimeSpan.FromMinutes(10))!.Members);
        Assert.Equal(["c", "b", "d"], setbacks.Linkable(["c", "b", "a", "d"], TimeSpan.Zero));

        var between = Of(All(), faults: [fault], setbacks: Of(All(), faults: [fault])!.Setbacks.Commit(9))!;
        Assert.Equal(Members, between.Members); // An item was committed between the two.
        Assert.Equal(Members, Of(All(), faults: [fault], setbacks: Of(All(), faults: [fault])!.Setbacks, from: 6)!.Members); // Likewise, as the answers tell.
        Assert.Single(Of(All(), faults: [fault], from: 6)!.Setbacks.Links); // What was committed came before the link failed.
    }

    [Fact]
    public void Whose_links_to_most_others_do_not_hold_goes_first()
    {
        var setbacks = new Setbacks().Fail([("a", "b"), ("b", "c")], TimeSpan.Zero).Fail([("a", "b"), ("b", "c")], TimeSpan.Zero);
        Assert.Equal(["a", "c"], Of(All(), setbacks: setbacks)!.Members);
    }

    [Fact]
    public void Where_all_are_stuck_nobody_is_left_out_and_it_is_said()
    {
        var all = Of(All(), faults: [.. Members.Select(worker => Fault(FaultKind.Stuck, worker, worker))])!;
        Assert.Equal((3, 0), (all.Members.Count, all.Excluded.Count));
        Assert.Equal(Members, all.Spared.Select(spared => spared.Worker));
        Assert.Equal(["b", "c"], Of(All(), faults: [Fault(FaultKind.Stuck, "a", "a")])!.Members);
    }

    [Fact]
    public void Who_waits_itself_keeps_nobody_waiting()
    {
        var waits = Answer(7, 7);
        waits.Waiting = new Protos.Cluster.Waiting { Item = 8 };
        var verdict = Of(new() { ["a"] = waits, ["b"] = waits.Clone(), ["c"] = Answer(7, 7) }, faults: [Fault(FaultKind.Waiting, "a", "b"), Fault(FaultKind.Waiting, "a", "c")])!;
        Assert.Equal([("a", "c")], verdict.Setbacks.Links.Keys);
    }

    [Fact]
    public void The_fewer_of_hashes_that_differ_are_left_out_and_equal_numbers_name_nobody()
    {
        var fault = Fault(FaultKind.Disagreement, "a", "");
        var named = Of(All(), faults: [fault with { Hashes = new Dictionary<string, ulong> { ["a"] = 1, ["b"] = 1, ["c"] = 2 } }])!;
        Assert.Equal(["a", "b"], named.Members);
        var nameless = Of(All(), faults: [fault with { Hashes = new Dictionary<string, ulong> { ["a"] = 1, ["b"] = 2 } }])!;
        Assert.Equal((3, 1), (nameless.Members.Count, nameless.Setbacks.Disagreements));
    }

    private static Dictionary<string, Fenced> All() => Members.ToDictionary(worker => worker, _ => Answer(7, 7));

    private static Verdict? Of(Dictionary<string, Fenced> answers, ulong known = 0, Fault[]? faults = null, Setbacks? setbacks = null, TimeSpan? now = null, ulong from = 7) =>
        Verdict.Of(Members, answers, new StateId { Item = known, Hash = known }, from, faults ?? [], setbacks ?? new Setbacks(), now ?? TimeSpan.Zero);

    private static Fenced Answer(ulong committed, params ulong[] held) => new() { Committed = committed, Held = { held.Select(item => new StateId { Item = item, Hash = item }) } };

    private static Fault Fault(FaultKind kind, string reporter, string worker) => new(Samples.Noon, kind, reporter, worker, 8, 8, "text");
}
