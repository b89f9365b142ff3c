using Trainer.Coordinator.Scheduling;
using Trainer.Kernels.Sharding;

namespace Trainer.Coordinator.Jobs;

/// <summary>Who computes how much of a batch: equal parts, unless the members' own measures say that others are faster by as much as is worth a change.</summary>
public sealed partial record JobMachine
{
    /// <summary>Workers whose speeds differ by less are called equally fast.</summary>
    private const double SameSpeed = 0.1;

    /// <summary>Since when other shares than those of the generation would have been better.</summary>
    private TimeSpan? BetterSince { get; init; }

    /// <summary>When shares were last changed for nothing but speed.</summary>
    private TimeSpan? SharedAt { get; init; }

    /// <summary>When the members last said how fast they are, and shares were weighed: no more often than they say it.</summary>
    private TimeSpan WeighedAt { get; init; }

    private int Shards => (int)Row.Spec.Training.Shards;

    private IReadOnlyList<IReadOnlyList<ShardRange>> Shares(IReadOnlyList<JobWorker> workers)
    {
        if (Speeds(workers) is not { } speeds)
        {
            return AssignmentPlanner.Plan(Shards, workers.Count, Unit);
        }

        var (plan, equal) = (AssignmentPlanner.Plan(Shards, speeds, Unit), AssignmentPlanner.PlanEqual(Shards, speeds, Unit));
        return IsWorth(AssignmentPlanner.Time(equal, speeds), AssignmentPlanner.Time(plan, speeds), workers) ? plan : equal;
    }

    // Shards a second. Who has not been measured counts as the mean of its kind; null: nobody has.
    private static List<double>? Speeds(IReadOnlyList<JobWorker> workers)
    {
        var known = workers.Where(worker => worker.ShardSeconds > 0).ToList();
        return known.Count == 0 ? null : [.. workers.Select(worker => 1 / (worker.ShardSeconds > 0 ? worker.ShardSeconds : MeanOfKind(known, worker)))];
    }

    private static double MeanOfKind(List<JobWorker> known, JobWorker newcomer)
    {
        var kin = known.FindAll(worker => worker.Status.DeviceKind == newcomer.Status.DeviceKind);
        return (kin.Count > 0 ? kin : known).Average(worker => worker.ShardSeconds);
    }

    private bool IsWorth(double now, double then, IEnumerable<JobWorker> workers) =>
        now - then >= Settings.SharesGain * (now + workers.Max(worker => worker.UpdateSeconds));

    // A plan is only made where it could be carried out, and no more often than speeds are told.
    private JobMachine WeighShares()
    {
        if (Uptime - WeighedAt < Settings.LongestTick)
        {
            return this;
        }

        var team = Team.ToList();
        var isMeasured = team.Count > 1 && team.TrueForAll(worker => worker.ShardSeconds > 0 && IsIn(worker, WorkerPhase.Training));
        var isTooSoon = Uptime - SharedAt < Settings.SharesInterval;
        return this with
        {
            WeighedAt = Uptime,
            BetterSince = isMeasured && !isTooSoon && AreOthersBetter(team) ? BetterSince ?? Uptime : null,
        };
    }

    private bool AreOthersBetter(List<JobWorker> team)
    {
        var speeds = Speeds(team)!;
        var now = Members.Zip(speeds, (member, speed) => member.Roots.Sum(root => root.Hi - root.Lo) / speed).Max();
        return IsWorth(now, AssignmentPlanner.Time(AssignmentPlanner.Plan(Shards, speeds, Unit), speeds), team);
    }

    // "shares: w3 runs at 0.51 of the others' speed"
    private string ExplainShares()
    {
        var team = Team.ToList();
        var speeds = Speeds(team) ?? [];
        var (odd, ratio) = team.Select((worker, index) => (worker.Name, Ratio: speeds[index] / speeds.Where((_, other) => other != index).Average()))
            .MaxBy(member => Math.Abs(Math.Log(member.Ratio)));
        return Math.Abs(Math.Log(ratio)) < SameSpeed
            ? "shares: all run at about one speed"
            : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"shares: {odd} runs at {ratio:0.00} of the others' speed");
    }
}
