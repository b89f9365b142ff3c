using Trainer.Protos;

namespace Trainer.Cluster.Tests.Chaos;

/// <summary>What came of a job that faults struck.</summary>
/// <param name="Problems">Why the run counts as failed; empty: it does not.</param>
/// <param name="Faults">That struck, with what they cost.</param>
/// <param name="Redone">Items computed again that were in flight when somebody was lost.</param>
/// <param name="RolledBack">Items computed again because all who held them died.</param>
/// <param name="Samples">That have entered the weights.</param>
/// <param name="Seconds">From the first step to the end.</param>
internal sealed record ChaosReport(
    IReadOnlyList<string> Problems, bool IsWrongHash, long SamplesWrong, IReadOnlyList<StruckFault> Faults, ulong Redone, ulong RolledBack, ulong Samples, double Seconds)
{
    private const string RolledBackReason = "Started";

    public static ChaosReport Of(Job job, IReadOnlyList<JournalEntry> journal, IReadOnlyList<StruckFault> struck, JobWatch watch, string expectedSha, ulong expectedSamples)
    {
        var samples = journal.Aggregate(0UL, (sum, entry) => sum + entry.Samples);
        var hash = job.Result?.WeightsSha256 ?? "";
        var problems = new List<string>();
        if (job.State != JobState.Succeeded)
        {
            problems.Add($"it ended {job.State}: {job.Message}");
        }
        else if (hash != expectedSha)
        {
            problems.Add($"its weights are {hash}, undisturbed they are {expectedSha}");
        }

        var wrong = job.State == JobState.Succeeded ? (long)samples - (long)expectedSamples : 0;
        if (wrong != 0)
        {
            problems.Add($"{samples} samples have entered the weights, {expectedSamples} should have; the journal: {string.Join(" ", journal)}");
        }

        if (job.State == JobState.Succeeded && job.Progress.Step != job.Progress.TotalSteps)
        {
            problems.Add($"it ended at step {job.Progress.Step} of {job.Progress.TotalSteps}");
        }

        return new ChaosReport(
            problems,
            job.State == JobState.Succeeded && hash != expectedSha,
            wrong,
            [.. struck.Select(fault => fault with { SecondsToCommit = SecondsToCommit(fault, journal, watch), LeftNobody = LeftNobody(fault, journal) })],
            Again(journal, rolledBack: false),
            Again(journal, rolledBack: true),
            samples,
            Lasted(job));
    }

    private static ulong Again(IReadOnlyList<JournalEntry> journal, bool rolledBack) =>
        journal.Where(entry => entry.Reason == RolledBackReason == rolledBack).Aggregate(0UL, (sum, entry) => sum + entry.StepsRedone);

    private static double Lasted(Job job) => job.StartTime is { } start && job.EndTime is { } end ? (end.ToDateTimeOffset() - start.ToDateTimeOffset()).TotalSeconds : 0;

    // A generation that began after the fault tells it exactly; where none did, the job was seen to go on.
    private static double? SecondsToCommit(StruckFault fault, IReadOnlyList<JournalEntry> journal, JobWatch watch)
    {
        var first = Next(fault, journal)?.FirstCommitTime.ToDateTimeOffset();
        var isLoss = fault.Fault.Kind is FaultKind.Kill or FaultKind.All or FaultKind.DieAt;
        return ((isLoss ? first : Earlier(first, watch.FirstCommitAfter(fault.Time))) - fault.Time)?.TotalSeconds;
    }

    private static bool LeftNobody(StruckFault fault, IReadOnlyList<JournalEntry> journal) => Next(fault, journal) is { } next
        && journal.Any(entry => entry.Reason == RolledBackReason && Number(entry).CompareTo(fault.Generation) > 0 && Number(entry).CompareTo(Number(next)) <= 0);

    // Null: the job came to its end in the generation that it had.
    private static JournalEntry? Next(StruckFault fault, IReadOnlyList<JournalEntry> journal) => journal
        .Where(entry => Number(entry).CompareTo(fault.Generation) > 0 && entry.FirstCommitTime?.ToDateTimeOffset() > fault.Time).MinBy(entry => entry.FirstCommitTime.ToDateTimeOffset());

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other : one;

    private static (ulong Term, ulong Number) Number(JournalEntry entry)
    {
        var parts = entry.Generation.Split('.');
        return (ulong.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture), ulong.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture));
    }
}
