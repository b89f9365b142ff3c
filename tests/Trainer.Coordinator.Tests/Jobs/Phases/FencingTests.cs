using Trainer.Coordinator.Jobs;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs.Phases;

/// <summary>After a loss.</summary>
public sealed class FencingTests
{
    private const int FirstLife = 101; // Lives are compared as text.

    private static readonly WorkerReport LinkLost = new() { LinkLost = new LinkLost { Peer = "b", Message = "reset", Opened = true } };

    [Fact]
    public void How_the_process_of_a_lost_worker_ended_is_in_the_log_once()
    {
        var again = JobRig.Status("b", life: 2);
        again.LastEnd = "was killed by the kernel, since memory ran out";
        var rig = new JobRig().Train("a", "b").TargetOf(JobRig.Status("a"), again);
        const string line = "The process of worker b before this one was killed by the kernel, since memory ran out.";
        Assert.Single(rig.Actions.OfType<WriteLog>(), log => log.Message == line);
        Assert.DoesNotContain(rig.TargetOf(JobRig.Status("a"), again).Actions.OfType<WriteLog>(), log => log.Message == line);

        var other = JobRig.Status("c");
        other.LastEnd = again.LastEnd;
        Assert.DoesNotContain(new JobRig().Train("a").TargetOf(JobRig.Status("a"), other).Actions.OfType<WriteLog>(), log => log.Message.Contains("worker c", StringComparison.Ordinal)); // This job did not lose it.
    }

    [Fact]
    public void All_who_answer_go_on_from_the_highest_item_that_one_of_them_knows()
    {
        var rig = new JobRig().Train("a", "b", "c").Report("a", LinkLost).Fenced("a", 6, null, 6, 7).Fenced("b", 5, null, 5, 6);
        Assert.IsType<Fencing>(rig.Phase);
        rig.Fenced("c", 5, null, 5, 6);
        Assert.Equal((7ul, 3, 1ul), (rig.Orders<Start>()["b"].FromItem, rig.Orders<Start>()["b"].Holders.Count, rig.Row.Journal[^1].StepsRedone));
        Assert.Equal(3ul, rig.Row.Generation.Number); // Above the fence, which is 2.
    }

    [Fact]
    public void Whom_others_have_a_link_to_is_awaited_longer_than_whom_nobody_has_one_to()
    {
        var linked = new JobRig().Train("a", "b").Report("a", LinkLost).Fenced("a", 1);
        Assert.IsType<Fencing>(linked.Pass(4.5, "a").Phase);
        Assert.IsType<Running>(linked.Pass(1, "a").Phase);
        var unlinked = new JobRig().Train("a", "b").Report("a", LinkLost).Fenced("a", 1, answer => answer.Linked.Clear());
        Assert.IsType<Running>(unlinked.Pass(0.3, "a").Phase);
        Assert.Equal(["b"], unlinked.Row.Journal[^1].Lost);
    }

    /// <summary>It lives: its word comes behind the others', and its thread computes as little as before.</summary>
    [Fact]
    public void Whoever_is_stuck_is_done_without_for_a_while_though_it_answers_too_late()
    {
        var rig = new JobRig().Train("a", "b", "c").Report("b", new WorkerReport { Stuck = new Stuck { Operation = "forward", Seconds = 9 } }).Fenced("a", 6).Fenced("c", 6);
        Assert.Equal(["a", "c"], rig.Row.Assignment!.Members.Select(member => member.Worker));
        Assert.Equal(("b", 1u), (Assert.Single(rig.Row.Evictions).Worker, rig.Row.Evictions[0].Times));
        Assert.Equal("stuck", Assert.Single(rig.Actions.OfType<CountEviction>()).Kind);

        rig.Fenced("b", 6).Started("a", "c").Commit(7).Pass(2, "a", "c");
        Assert.Equal(["a", "c"], rig.Row.Assignment!.Members.Select(member => member.Worker));
        Assert.IsType<Running>(rig.Phase);
    }

    [Fact]
    public void An_answer_to_an_earlier_fence_is_none_nor_is_what_was_said_before_it()
    {
        var rig = new JobRig().Train("a", "b").Report("a", LinkLost);
        rig.Fenced("a", 9, answer => answer.Fence = new Generation { Term = 1, Number = 1 });
        rig.Report("b", new WorkerReport { Standby = new Standby { Authority = new Generation { Term = 1, Number = 1 } } }, new Generation { Term = 1, Number = 1 });
        Assert.Empty(Assert.IsType<Fencing>(rig.Phase).Answers);
        rig.Fenced("a", 1, answer => answer.Fence = new Generation { Term = 1, Number = 2 });
        Assert.Equal(["a"], Assert.IsType<Fencing>(rig.Phase).Answers.Keys);
    }

    [Fact]
    public void A_state_that_nobody_has_is_looked_for_and_found_with_one_that_comes_back()
    {
        var rig = new JobRig().Train("a", "b").Commit(7).Report("a", LinkLost).Fenced("a", 5);
        Assert.IsType<Fencing>(rig.Pass(20, "a").Phase);
        Assert.EndsWith("Nobody who holds the job's state answers: waiting for one.", rig.Row.Message);
        rig.Fenced("b", 7);
        Assert.Equal((8ul, "b"), (rig.Orders<Start>()["a"].FromItem, Assert.Single(rig.Orders<Start>()["a"].Holders).Worker));
    }

    [Fact]
    public void After_a_minute_it_starts_over()
    {
        var rig = new JobRig().Train("a", "b").Commit(7).Report("a", LinkLost).Fenced("a", 5, answer => answer.Held.Clear()).Pass(66, "a");
        Assert.Equal((JobState.Recovering, 0ul), (rig.Row.State, rig.Row.Committed.Item));
        Assert.EndsWith("No worker holds the job's state any more. It goes on from the beginning.", rig.Row.Transitions.Single(transition => transition.Reason == "StateLost").Message);
    }

    /// <summary>It died while it handed its state over: nobody else may hold it, and the new life of its process proves that it is lost.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Once_the_only_holder_is_known_to_have_been_started_anew_it_starts_over(bool isReborn)
    {
        var rig = new JobRig().Train("a").Target("b").Standby("b").Pass(0.1, "a", "b").Held(7, "a");
        Assert.Equal("b", Assert.Single(rig.Row.Assignment!.Members).Worker);
        rig.Fail("b", Failure.Types.Kind.State, "the state after item 7 cannot be had").Fenced("b", 7, answer => answer.Held.Clear());
        rig.TargetOf(JobRig.Status("b"), JobRig.Status("a", isReborn ? 2 : 1));
        Assert.Equal(isReborn, rig.Phase is Starting);
        Assert.Equal(isReborn ? 0ul : 7ul, rig.Row.Committed.Item);
        Assert.Equal(isReborn, rig.Row.Message.Contains("No worker holds the job's state any more.", StringComparison.Ordinal));
    }

    [Fact]
    public void Whoever_was_heard_of_a_moment_ago_is_awaited_before_all_start_over()
    {
        var rig = new JobRig().Target("a", "b").Standby("a", "b").Started("a", "b");
        var later = new WorkerReport { Standby = new Standby() };
        rig.Report("b", later, new Generation(), "2-b").Report("b", later, new Generation(), "2-b");
        Assert.IsType<Fencing>(rig.Pass(2).Phase); // a hangs, with an item that nobody here has heard of.
        rig.Fenced("a", 3);
        Assert.Equal(4ul, rig.Orders<Start>()["a"].FromItem);
    }

    /// <summary>It froze, and others went on: what they hold is what it may hold, once they are gone.</summary>
    [Fact]
    public void A_member_that_did_not_answer_may_hold_what_the_others_went_on_from()
    {
        var rig = new JobRig().Train("a").Target("a", "d", "e", "f").Standby("d").Standby("e").Standby("f").Pass(0.1, "a", "d", "e", "f").Held(7, "a");
        Assert.Equal((7ul, 4), (rig.Row.Committed.Item, rig.Row.Assignment!.Members.Count));
        rig.Report("a", new WorkerReport { LinkLost = new LinkLost { Peer = "d", Message = "reset", Opened = true } });
        rig.Fenced("a", 9, answer => answer.Linked.Remove("d"), 9).Fenced("e", 9, answer => answer.Linked.Remove("d"), 9).Fenced("f", 0, answer => answer.Held.Clear()).Pass(6, "a", "e", "f");
        Assert.Equal(["a", "e", "f"], rig.Row.Assignment!.Members.Select(member => member.Worker).Order(StringComparer.Ordinal));

        rig.TargetOf(JobRig.Status("a", life: 2), JobRig.Status("e", life: 2), JobRig.Status("f")).Fenced("f", 9, answer => answer.Held.Clear());

        Assert.IsType<Fencing>(rig.Pass(30, "f").Phase);
        Assert.Equal(9ul, rig.Row.Committed.Item);
        Assert.Equal(0ul, rig.Pass(60, "f").Row.Committed.Item);
    }

    [Fact]
    public void A_holder_whose_addresses_nobody_knows_yet_is_not_named()
    {
        var rig = new JobRig().Train("a").Fail("a", Failure.Types.Kind.Io, "disk");
        rig.Report("c", new WorkerReport { Fenced = new Fenced { Committed = 9, Held = { JobRig.State(9) } } }, new Generation { Term = 1, Number = 1 });
        Assert.NotNull(Assert.IsType<Fencing>(rig.Fenced("a", 1).Phase).AskingSince);
        Assert.Contains(rig.Actions, action => action is TellScheduler { Message: JobWanted { Asking: true } });
        rig.Target("a", "c");
        Assert.Equal("unix:/c", Assert.Single(Assert.Single(rig.Orders<Start>()["c"].Holders).LinkEndpoints));
    }

    [Fact]
    public void Losses_one_after_another_are_slowed_down()
    {
        var rig = new JobRig().Train("a", "b");
        for (var losses = 1; losses <= 5; losses++)
        {
            rig.Report("a", LinkLost).Fenced("a", 1, answer => answer.Linked.Clear()).Pass(0.3, "a");
            if (losses < 5)
            {
                rig.Started("a").Target("a", "b").Standby("b").Pass(3, "a", "b").Held(1, "a").Started("a", "b");
            }
        }

        Assert.Contains("5 losses in a row: it goes on in 1 s.", rig.Row.Message);
        Assert.IsType<Running>(rig.Pass(1.2, "a").Phase);
    }

    [Theory]
    [InlineData(0u, "The job has no retries (cluster.retries), and workers were lost at step 2. ")]
    [InlineData(2u, "3 times in a row workers were lost at step 2. ")]
    public void A_job_goes_on_after_as_many_deaths_in_a_row_as_it_has_retries(uint retries, string message)
    {
        var spec = Samples.Spec();
        spec.Cluster.Retries = retries;
        var rig = new JobRig(spec).Train("a", "b");
        for (var deaths = 1; deaths <= retries; deaths++)
        {
            rig.Report("a", LinkLost).Fenced("a", 1, answer => answer.Linked.Clear()).Pass(0.3, "a");
            Assert.NotEqual(JobState.Failed, rig.Row.State);
            rig.Started("a").Target("a", "b").Standby("b").Pass(3, "a", "b").Held(1, "a").Started("a", "b");
        }

        rig.Report("a", LinkLost).Fenced("a", 1, answer => answer.Linked.Clear()).Pass(0.3);
        Assert.Equal((JobState.Failed, "WorkersDie"), (rig.Row.State, rig.Row.Transitions[^1].Reason));
        Assert.StartsWith(message, rig.Row.Message, StringComparison.Ordinal);
    }

    /// <summary>Nobody is left to answer, and the same bits are computed again: that is a death like any other.</summary>
    [Theory]
    [InlineData(0u, "The job has no retries (cluster.retries), and workers were lost at step 1. ")]
    [InlineData(2u, "3 times in a row workers were lost at step 1. ")]
    [InlineData(null, "10 times in a row workers were lost at step 1. ")]
    public void A_job_whose_only_worker_dies_again_and_again_goes_on_as_often_as_it_has_retries(uint? retries, string message)
    {
        var rig = new JobRig(WithRetries(retries));
        Revive(rig, FirstLife);
        for (var deaths = 1; deaths <= (retries ?? 9); deaths++)
        {
            Revive(rig, FirstLife + deaths);
            Assert.Equal(JobState.Running, rig.Row.State);
        }

        rig.TargetOf(JobRig.Status("a", life: 199));
        Assert.Equal((JobState.Failed, "WorkersDie"), (rig.Row.State, rig.Row.Transitions[^1].Reason));
        Assert.StartsWith(message, rig.Row.Message, StringComparison.Ordinal);
        Assert.Equal(retries is null ? 5 : 0, rig.Row.Transitions.Count(transition => transition.Message.Contains("losses in a row", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_job_whose_only_worker_dies_after_an_item_was_committed_counts_anew()
    {
        var rig = new JobRig(WithRetries(1));
        Revive(rig, FirstLife);
        for (var life = FirstLife + 1; life < FirstLife + 13; life++)
        {
            Say(rig, life - 1, new WorkerReport { Step = new StepReport { Progress = new Progress { Step = 1, TotalSteps = 100 }, Committed = JobRig.State(1) } });
            Revive(rig, life);
            Assert.Equal((JobState.Running, 0ul), (rig.Row.State, rig.Row.Committed.Item));
        }

        rig.TargetOf(JobRig.Status("a", FirstLife + 13)); // Without an item.
        Assert.Equal((JobState.Failed, "WorkersDie"), (rig.Row.State, rig.Row.Transitions[^1].Reason));
    }

    [Fact]
    public void A_pair_whose_link_failed_twice_is_not_put_together_again_for_ten_minutes()
    {
        var rig = new JobRig().Train("a", "b");
        foreach (var _ in Enumerable.Range(0, 2))
        {
            rig.Report("a", LinkLost).Fenced("a", 1, answer => answer.Linked.Clear()).Fenced("b", 1, answer => answer.Linked.Clear()).Started("a", "b");
        }

        Assert.Equal("a", Assert.Single(rig.Row.Assignment!.Members).Worker);
        rig.Commit(2).Target("a", "b").Pass(120, "a");
        Assert.IsType<Running>(rig.Standby("b").Pass(5, "a").Phase);
        Assert.Equal("a", Assert.Single(rig.Row.Assignment!.Members).Worker);
        Assert.Contains("b", rig.Actions.OfType<TellScheduler>().Select(tell => tell.Message).OfType<JobWanted>().Last().Avoid);
    }

    private static JobSpec WithRetries(uint? retries)
    {
        var spec = Samples.Spec();
        if (retries is { } most)
        {
            spec.Cluster.Retries = most;
        }

        return spec;
    }

    // Worker a dies, is there again in another life, and trains as soon as it may.
    private static void Revive(JobRig rig, int life)
    {
        rig.TargetOf(JobRig.Status("a", life));
        for (var ticks = 0; rig.Phase is not Running && ticks < 200; ticks++)
        {
            Say(rig, life, new WorkerReport { Standby = new Standby() }, new Generation());
            rig.Pass(0.1);
        }

        Say(rig, life, new WorkerReport { Started = new Started() });
    }

    private static void Say(JobRig rig, int life, WorkerReport report, Generation? generation = null) => rig.Report("a", report, generation, $"{life}-a");
}
