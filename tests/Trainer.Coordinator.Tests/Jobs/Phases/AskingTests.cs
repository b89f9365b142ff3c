using Trainer.Coordinator.Jobs;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs.Phases;

/// <summary>A new entity finds a generation in its row.</summary>
public sealed class AskingTests
{
    [Fact]
    public void It_asks_all_members_again_and_again()
    {
        var rig = Anew();
        Assert.IsType<Asking>(rig.Phase);
        Assert.Equal(["a", "b"], rig.Orders<Query>().Keys.Order());
        Assert.All(rig.Orders<Query>().Values, query => Assert.Equal((2ul, 1ul), (query.Generation.Term, query.Generation.Number)));
        Assert.Equal(["a", "b"], rig.Pass(0.5).Orders<Query>().Keys.Order());
    }

    [Fact]
    public void All_at_work_are_adopted_without_an_order()
    {
        var rig = Anew().Alive("a", WorkerPhase.Training).Alive("b", WorkerPhase.Training);
        Assert.IsType<Running>(rig.Phase);
        Assert.Equal("The coordinator came back and found a and b at work.", rig.Row.Message);
        Assert.Empty(rig.Orders<Start>());
        Assert.Equal(4ul, rig.Commit(4).Row.Committed.Item);
    }

    [Fact]
    public void Who_was_fenced_by_the_entity_before_is_noticed_though_an_older_word_of_it_said_that_it_is_at_work()
    {
        var rig = Anew().Alive("a", WorkerPhase.Training).Alive("b", WorkerPhase.Training);
        Assert.IsType<Running>(rig.Phase);
        rig.Report("a", new WorkerReport { Fenced = new Fenced { Held = { JobRig.State(3) }, Committed = 3, Fence = new Generation { Term = 1, Number = 2 } } });
        Assert.IsType<Fencing>(rig.Phase);
        Assert.Equal("The coordinator before this one had worker a stop.", rig.Row.Message);
    }

    [Fact]
    public void All_held_go_on_in_a_generation_of_the_new_term()
    {
        var rig = Anew().Held(5, "a", "b");
        Assert.Equal((6ul, 2ul), (rig.Orders<Start>()["a"].FromItem, rig.Row.Generation.Term));
        Assert.Equal(5ul, rig.Row.Committed.Item);
    }

    [Fact]
    public void Who_is_not_at_work_makes_it_fence_in_its_own_term()
    {
        var rig = Anew().Alive("a", WorkerPhase.Training).Alive("b", WorkerPhase.Broken);
        Assert.IsType<Fencing>(rig.Phase);
        Assert.All(rig.Orders<Fence>().Values, fence => Assert.Equal(2ul, fence.Generation.Term));
    }

    [Fact]
    public void Whose_rest_stays_silent_is_fenced_after_a_while_and_all_silent_start_over_after_a_minute()
    {
        Assert.IsType<Asking>(Anew().Alive("a", WorkerPhase.Training).Pass(29, "a").Phase);
        Assert.IsType<Fencing>(Anew().Alive("a", WorkerPhase.Training).Pass(31, "a").Phase);
        Assert.IsType<Asking>(Anew().Pass(59).Phase);
        Assert.IsType<Starting>(Anew().Pass(61).Phase);
    }

    [Fact]
    public void Later_lives_of_all_prove_that_nobody_holds_it()
    {
        var rig = Anew();
        rig.Report("a", new WorkerReport { Standby = new Standby() }, new Generation(), "2-a").Report("b", new WorkerReport { Standby = new Standby() }, new Generation(), "2-b");
        Assert.IsNotType<Asking>(rig.Phase);
        Assert.Equal((JobState.Recovering, 0ul), (rig.Row.State, rig.Row.Committed.Item));
    }

    [Fact]
    public void A_worker_of_a_higher_term_makes_it_begin_anew()
    {
        var rig = Anew().Report("a", new WorkerReport { Alive = new Alive { Phase = "training" } }, new Generation { Term = 7, Number = 1 });
        Assert.Equal(7ul, Assert.Single(rig.Actions.OfType<BeginAnew>()).HeardTerm);
    }

    [Fact]
    public void A_generation_of_its_own_term_that_it_never_made_is_of_before_an_older_store_was_put_back_and_makes_it_begin_anew()
    {
        var rig = Anew();
        rig.Report("a", new WorkerReport { Alive = new Alive { Phase = "training" } }, new Generation { Term = 2, Number = rig.Row.Generation.Number });
        Assert.Empty(rig.Actions.OfType<BeginAnew>());
        rig.Report("a", new WorkerReport { Alive = new Alive { Phase = "training" } }, new Generation { Term = 2, Number = 99 });
        Assert.Equal(2ul, Assert.Single(rig.Actions.OfType<BeginAnew>()).HeardTerm);
    }

    private static JobRig Anew() => new(row: new JobRig().Train("a", "b").Row with { Term = 2 });
}
