using System.Collections.Immutable;
using Trainer.Coordinator.Scheduling;
using Trainer.Kernels.Canonical;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>From waiting for workers until they run: by a grant, or by taking over those of an entity before.</summary>
public sealed partial record JobMachine
{
    private JobDecision Wait(DateTimeOffset now) => new(this with { LastResend = now }, [new TellScheduler(new JobWaiting
    {
        Job = Row.Id,
        MinWorkers = Row.Spec.Cluster.MinWorkers,
        MaxWorkers = Math.Min(Row.Spec.Cluster.MaxWorkers, (uint)AssignmentPlanner.Units((int)Row.Spec.Training.Shards, Unit)),
        Priority = Row.Spec.Cluster.Priority,
        CreatedUnixMs = Row.Created.ToUnixTimeMilliseconds(),
        Numerics = Row.Numerics,
        Arithmetic = Arithmetic,
        Device = Row.Spec.Cluster.Device,
    })]);

    // Neither a transition nor a new version: it waits as before, and knows better why.
    private JobDecision Explain(WaitExplained e)
    {
        if (Row.State != JobState.Queued || Row.Message == e.Message)
        {
            return Nothing;
        }

        var row = Row with { Message = e.Message };
        return new JobDecision(this with { Row = row }, [new Save(row), new Publish(AtOnce: true)]);
    }

    private JobDecision Start(Granted granted)
    {
        if (Row.State != JobState.Queued || granted.Workers.Count < Row.Spec.Cluster.MinWorkers)
        {
            return Nothing; // A grant from before: the scheduler takes workers back that nobody starts.
        }

        var assignment = Assign(granted.Workers);
        var next = this with
        {
            Members = [.. assignment.Members.Select((member, rank) => JobMember.Of(member, rank, granted.Now))],
            Blames = [],
            Deadline = granted.Now + Settings.StartTimeout,
            Row = Row with
            {
                Generation = new Generation { Term = Row.Term, Number = Row.Generation.Number + 1 },
                Assignment = assignment,
                Numerics = granted.Workers[0].NumericsFor(Arithmetic) ?? "",
            },
        };
        var message = $"Starting on {Names(next.Members)}.";
        return Then(
            next.Move(JobState.Starting, "WorkersGranted", message, granted.Now),
            starting => new JobDecision(starting, [.. starting.Members.Select(member => starting.StartOrder(member, granted))]));
    }

    /// <summary>Shards that one worker must have together.</summary>
    private int Unit => Row.Spec.Training.HasBatchNormShards ? (int)Row.Spec.Training.BatchNormShards : 1;

    /// <summary>What the job gives up of exact arithmetic; null: nothing.</summary>
    private Arithmetic? Arithmetic => Row.Spec.Training is { IsExact: false } training
        ? new Arithmetic { Compute = training.Compute, Gradients = training.Gradients }
        : null;

    private Assignment Assign(IReadOnlyList<WorkerStatus> workers)
    {
        var shards = (int)Row.Spec.Training.Shards;
        var plan = AssignmentPlanner.Plan(shards, workers.Count, Unit);
        var members = workers.OrderBy(worker => worker.Host, StringComparer.Ordinal).ThenBy(worker => worker.Worker, StringComparer.Ordinal)
            .Zip(plan, (worker, roots) => new Member
            {
                Worker = worker.Worker,
                Incarnation = worker.Incarnation,
                Roots = { roots.Select(root => new ShardNode { Lo = (uint)root.Lo, Hi = (uint)root.Hi }) },
                LinkEndpoints = { worker.LinkEndpoints },
                Host = worker.Host,
                ActorPath = worker.ActorPath,
            });
        return new Assignment { Shards = (uint)shards, Members = { members } };
    }

    private Order StartOrder(JobMember member, Granted granted) => new(member.ActorPath, new Start
    {
        Job = Row.Id,
        Worker = member.Name,
        Generation = Row.Generation,
        FromStep = 0,
        Spec = Row.Spec,
        Assignment = Row.Assignment,
        Rank = (uint)member.Rank,
        Secret = granted.Secret,
        Artifacts = Path.Combine(Settings.ArtifactsFolder, Row.Id),
        StepDeadlineSeconds = Settings.StepDeadline.TotalSeconds,
    });

    // All have started once each says so, or once a step is committed: no step is without all of them.
    private JobDecision RunIfStarted(DateTimeOffset now)
    {
        if (Row.State != JobState.Starting || Adopting || !Members.TrueForAll(member => member.Started))
        {
            return Nothing;
        }

        return EnterRun(now).Move(JobState.Running, "WorkersStarted", $"Training on {Names(Members)}.", now);
    }

    // A member serves somebody else: the job waits again, and the others are free.
    private JobDecision GiveBack(string message, DateTimeOffset now)
    {
        var releases = ReleaseAll(message).ToList();
        var waiting = this with { Members = [], Blames = [], Row = Row with { Assignment = null } };
        return Then(
            Then(waiting.Move(JobState.Queued, "WorkerBusy", message, now), next => new JobDecision(next, releases)),
            next => next.Wait(now));
    }

    private JobDecision AskMembers(DateTimeOffset now) =>
        new(
            this with { Adopting = true, Deadline = now + Settings.AdoptTimeout, LastResend = now },
            [.. Members.Where(member => !member.Answered).Select(Query)]);

    private JobDecision AdoptIfAllAnswered(DateTimeOffset now)
    {
        if (!Adopting || !Members.TrueForAll(member => member.Answered))
        {
            return Nothing;
        }

        return EnterRun(now).Move(JobState.Running, "WorkersAdopted", $"The coordinator came back and found {Names(Members)} at work.", now);
    }

    // From here on every member is expected to be heard of.
    private JobMachine EnterRun(DateTimeOffset now) => this with
    {
        Adopting = false,
        Members = Members.ConvertAll(member => member with { LastSign = now, Started = true }),
        Row = Row with { Started = Row.Started ?? now },
    };

    private JobDecision StartTimedOut(DateTimeOffset now)
    {
        var missing = Members.Where(member => !member.Started).ToList();
        return Fail("StartTimeout", $"Not started within {Settings.StartTimeout.TotalSeconds:0.#} s: {Names(missing)}.", now);
    }

    private JobDecision AdoptTimedOut(DateTimeOffset now)
    {
        var silent = Members.Where(member => !member.Answered).ToList();
        return Fail("WorkersSilent", $"Silent for {Settings.AdoptTimeout.TotalSeconds:0.#} s after the coordinator came back: {Names(silent)}.", now);
    }

    private static string Names(IEnumerable<JobMember> members) => string.Join(", ", members.Select(member => member.Name));
}
