using Google.Protobuf.WellKnownTypes;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Hashes;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>What jobs have on disk. Reads files: for <see cref="CheckThreads"/>.</summary>
/// <param name="folder">Holds a folder per job.</param>
public sealed class JobArtifacts(string folder)
{
    public string PathOf(string job, string name) => Path.Combine(folder, job, name);

    /// <summary>The files of a job that are there for its user.</summary>
    public IReadOnlyList<Artifact> List(string job) =>
    [
        .. ArtifactNames.All.Select(name => new FileInfo(PathOf(job, name))).Where(file => file.Exists)
            .Select(file => new Artifact { Name = file.Name, Bytes = (ulong)file.Length, ModifyTime = file.LastWriteTimeUtc.ToTimestamp() }),
    ];

    /// <summary>The hashes of a job's steps, by item.</summary>
    /// <exception cref="IOException">The disk.</exception>
    public IReadOnlyDictionary<ulong, RecordedHash> Hashes(string job) => StepHashFolder.Read(Path.Combine(folder, job));

    /// <summary>A row that names only checkpoints that are still there: a job that has ended keeps none.</summary>
    public static JobRow WithCheckpointsThere(JobRow row) => row with { Checkpoints = row.Checkpoints.RemoveAll(checkpoint => !Directory.Exists(checkpoint.Folder)) };

    /// <summary>A journal whose entries say which of their items have no recorded hash.</summary>
    /// <param name="hasEnded">Else what follows the last record may still come.</param>
    public IReadOnlyList<JournalEntry> WithGaps(string job, IReadOnlyList<JournalEntry> journal, bool hasEnded)
    {
        var recorded = Hashes(job);
        var end = hasEnded ? ulong.MaxValue : recorded.Keys.DefaultIfEmpty().Max();
        return [.. journal.Select(entry =>
        {
            var shown = entry.Clone();
            shown.Unrecorded.AddRange(Gaps(recorded, entry.FromItem, Math.Min(entry.FromItem + entry.Items - 1, end)));
            return shown;
        })];
    }

    /// <summary>Items of a range that have no hash on record.</summary>
    public static IEnumerable<ItemRange> Gaps(IReadOnlyDictionary<ulong, RecordedHash> recorded, ulong first, ulong last)
    {
        ItemRange? gap = null;
        for (var item = first; item <= last; item++)
        {
            if (recorded.ContainsKey(item))
            {
                if (gap is not null)
                {
                    yield return gap;
                }

                gap = null;
            }
            else
            {
                gap = new ItemRange { First = gap?.First ?? item, Last = item };
            }
        }

        if (gap is not null)
        {
            yield return gap;
        }
    }
}
