using System.Collections.Immutable;
using Google.Protobuf.WellKnownTypes;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>A job's journal: what each generation did. Only the last entry changes; messages are never modified.</summary>
internal static class JournalEntries
{
    public static JournalEntry Of(
        Generation generation, Assignment assignment, StateId from, string reason, string detail, IEnumerable<string> lost, DateTimeOffset? faultTime, ulong itemsRedone) => new()
        {
            Generation = generation.Text(),
            FromStep = from.Step + 1,
            FromItem = from.Item + 1,
            FromSamples = from.Samples,
            Reason = reason,
            Detail = detail,
            Members = { assignment.Members.Select(member => new JournalMember { Worker = member.Worker, Shards = (uint)member.Roots.Sum(root => root.Hi - root.Lo) }) },
            Lost = { lost },
            FaultTime = faultTime?.ToTimestamp(),
            StepsRedone = itemsRedone,
        };

    /// <param name="from">That the last generation began with.</param>
    public static ImmutableList<JournalEntry> Commit(ImmutableList<JournalEntry> journal, StateId from, StateId committed, DateTimeOffset now)
    {
        if (journal.Count == 0 || committed.Item <= from.Item)
        {
            return journal;
        }

        var entry = journal[^1].Clone();
        entry.Steps = committed.Step - from.Step;
        entry.Items = committed.Item - from.Item;
        entry.Samples = committed.Samples - from.Samples;
        entry.FirstCommitTime ??= now.ToTimestamp();
        return journal.SetItem(journal.Count - 1, entry);
    }

    /// <summary>The state that the last generation began with, as its entry tells.</summary>
    public static StateId Start(ImmutableList<JournalEntry> journal) => journal.Count == 0
        ? new StateId()
        : new StateId { Item = journal[^1].FromItem - 1, Step = journal[^1].FromStep - 1, Samples = journal[^1].FromSamples };

    /// <summary>All entries together tell what led to a state: what was committed after it did not survive, and counts where it is computed again.</summary>
    public static ImmutableList<JournalEntry> EndAt(ImmutableList<JournalEntry> journal, StateId to)
    {
        for (var i = journal.Count - 1; i >= 0; i--)
        {
            var entry = journal[i].Clone();
            var holds = entry.FromItem <= to.Item;
            entry.Items = holds ? to.Item + 1 - entry.FromItem : 0;
            entry.Steps = holds ? to.Step + 1 - entry.FromStep : 0;
            entry.Samples = holds ? to.Samples - entry.FromSamples : 0;
            journal = journal.SetItem(i, entry);
            if (holds)
            {
                break;
            }
        }

        return journal;
    }
}
