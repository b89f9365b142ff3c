using Trainer.Protos;

namespace Trainer.Cli.Output;

/// <summary>A job's journal as a table: a row for each generation.</summary>
internal static class JournalText
{
    public static string Table(IEnumerable<JournalEntry> entries, int? width)
    {
        var table = new TextTable(
            "GENERATION", "FROM", "STEPS", new("SAMPLES", Rank: 4), new("REDONE", Rank: 2), new("MEMBERS", Rank: 1, Wraps: true), new("REASON", Wraps: true), new("LOST", Rank: 3), new("BACK AFTER", Rank: 5), new("UNRECORDED", Rank: 6));
        foreach (var entry in entries)
        {
            table.Row(
                entry.Generation,
                $"{entry.FromStep}",
                $"{entry.Steps}",
                $"{entry.Samples:#,0}",
                $"{entry.StepsRedone}",
                string.Join(", ", entry.Members.Select(member => $"{member.Worker} ({member.Shards})")),
                entry.Detail.Length > 0 ? $"{entry.Reason}: {entry.Detail}" : entry.Reason,
                string.Join(", ", entry.Lost),
                entry.FaultTime is { } fault && entry.FirstCommitTime is { } commit ? Words.Duration((commit - fault).ToTimeSpan().TotalSeconds) : "",
                string.Join(", ", entry.Unrecorded.Select(gap => gap.First == gap.Last ? $"{gap.First}" : $"{gap.First}-{gap.Last}")));
        }

        return table.Render(width);
    }
}
