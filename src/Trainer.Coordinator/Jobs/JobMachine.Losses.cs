using System.Collections.Immutable;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>Who is lost, and how that is known: by the peers' word, by a closed connection without an answer, by silence.</summary>
public sealed partial record JobMachine
{
    private bool IsActive => Row.State is JobState.Starting or JobState.Running;

    /// <summary>Without a peer that would notice, or before links are up, a closed connection is a reason to ask.</summary>
    private bool NobodyWatches => Members.Count == 1 || Row.State == JobState.Starting;

    // The link to a member that has finished closes in good order.
    private JobDecision Accuse(WorkerReport report, DateTimeOffset now)
    {
        var peer = Members.Find(member => member.Name == report.LinkLost.Peer);
        return peer is null or { Finished: not null } || peer.Name == report.Worker
            ? Nothing
            : new JobDecision(this with { Blames = Blames.Add(new Blame(now, report.Worker, peer.Name, report.LinkLost.Step, report.LinkLost.Message)) }, []);
    }

    private JobDecision Yield(WorkerReport report, DateTimeOffset now)
    {
        var whom = report.Busy.Job.Length == 0 ? "no job any more" : report.Busy.Job == Row.Id ? "a later generation of it" : $"job {report.Busy.Job}";
        var message = $"Worker {report.Worker} serves {whom}.";
        return Row.State == JobState.Starting && !Adopting ? GiveBack(message, now) : Fail("WorkerLost", message, now);
    }

    private JobDecision Connection(ConnectionChanged e)
    {
        var member = Members.Find(member => member.ActorPath.StartsWith(e.Address + "/", StringComparison.Ordinal));
        if (member is null || !IsActive)
        {
            return Nothing;
        }

        return e.Open
            ? new JobDecision(With(member with { Suspicion = null }), [])
            : Suspect(member, "the connection to its process closed", e.Now);
    }

    private JobDecision Miss(Missed e)
    {
        var member = Members.Find(member => member.Name == e.Worker.Worker && member.Member.Incarnation == e.Worker.Incarnation);
        return member is null || !IsActive ? Nothing : Suspect(member, e.Worker.Reason, e.Now);
    }

    private JobDecision Suspect(JobMember member, string reason, DateTimeOffset now) =>
        NobodyWatches && !Adopting && member.Suspicion is null
            ? new JobDecision(With(member with { Suspicion = (now, reason) }) with { LastQuery = now }, [Query(member)])
            : Nothing;

    private JobDecision Tick(DateTimeOffset now)
    {
        if (Row.HasEnded)
        {
            return Nothing;
        }

        var next = Row.State == JobState.Queued ? this : SkipOwnPause(now);
        return (next with { LastTick = now }).DecideByClock(now);
    }

    private JobDecision DecideByClock(DateTimeOffset now)
    {
        if (Row.State == JobState.Queued)
        {
            return now - LastResend >= Settings.Resend ? Wait(now) : Nothing;
        }

        if (Blames.Count > 0 && now - Blames[0].Time >= Settings.BlameGrace)
        {
            return Convict(now);
        }

        if (Adopting)
        {
            return now >= Deadline ? AdoptTimedOut(now) : now - LastResend >= Settings.Resend ? AskMembersAgain(now) : Nothing;
        }

        if (Row.State == JobState.Starting && now >= Deadline)
        {
            return StartTimedOut(now);
        }

        return LoseSilent(now);
    }

    private JobDecision AskMembersAgain(DateTimeOffset now) =>
        new(this with { LastResend = now }, [.. Members.Where(member => !member.Answered).Select(Query)]);

    // Most accused, then first accused: with a dead process all its peers name it, and those who then close their own links are named by fewer.
    private JobDecision Convict(DateTimeOffset now)
    {
        var charges = Blames.GroupBy(blame => blame.Peer).OrderByDescending(group => group.DistinctBy(blame => blame.Reporter).Count()).First();
        var blame = charges.First();
        return Lose(Members.Find(member => member.Name == blame.Peer)!, blame.Step, blame.Message, now);
    }

    private JobDecision LoseSilent(DateTimeOffset now)
    {
        foreach (var member in Members)
        {
            if (member.Suspicion is { } suspicion && now - suspicion.Since >= Settings.SuspicionTimeout)
            {
                return Lose(member, StepNow, suspicion.Reason, now);
            }

            if (now - member.LastSign >= Settings.Silence && Row.State == JobState.Running)
            {
                return Lose(member, StepNow, $"no sign of it for {Settings.Silence.TotalSeconds:0.#} s", now);
            }
        }

        List<JobAction> queries = now - LastQuery < Settings.QueryInterval ? [] : [.. Members.Where(member => member.Suspicion is not null).Select(Query)];
        return queries.Count == 0 ? Nothing : new JobDecision(this with { LastQuery = now }, queries);
    }

    private JobDecision Lose(JobMember member, ulong step, string why, DateTimeOffset now) =>
        Fail("WorkerLost", $"Worker {member.Name} was lost at step {step}: {why}", now);

    // When this process itself stood still (a stopped or starved machine), nobody could be heard: the time does not count against the members.
    private JobMachine SkipOwnPause(DateTimeOffset now)
    {
        var pause = now - LastTick - Settings.Tick;
        return pause < 5 * Settings.Tick
            ? this
            : this with
            {
                Deadline = Deadline + pause,
                Members = Members.ConvertAll(member => member with
                {
                    LastSign = member.LastSign + pause,
                    Suspicion = member.Suspicion is { } suspicion ? (suspicion.Since + pause, suspicion.Reason) : null,
                }),
            };
    }
}
