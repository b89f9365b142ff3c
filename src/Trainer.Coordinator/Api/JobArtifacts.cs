using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Hashes;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>What jobs have in their store. Waits for it: for <see cref="CheckThreads"/>.</summary>
/// <param name="location">Of all jobs; each has a part below it.</param>
public sealed class JobArtifacts(ArtifactStores stores, string location)
{
    /// <summary>Of all jobs.</summary>
    public string Location { get; } = location;

    public IArtifactStore Of(string job) => stores.Open(Path.Combine(Location, job));

    /// <summary>The files of a job that are there for its user.</summary>
    /// <exception cref="RpcException">UNAVAILABLE: the store.</exception>
    public IReadOnlyList<Artifact> List(string job) => Ask(() => ArtifactNames.All.Select(Of(job).Find).OfType<ArtifactFile>()
        .Select(file => new Artifact { Name = file.Key, Bytes = (ulong)file.Bytes, ModifyTime = file.Modified.ToTimestamp() }).ToList());

    /// <summary>Nothing of a job is left.</summary>
    /// <exception cref="IOException">The store.</exception>
    public void Delete(string job) => Of(job).Delete("");

    /// <summary>A job's checkpoints, by item.</summary>
    /// <exception cref="RpcException">UNAVAILABLE: the store.</exception>
    public IReadOnlyList<CheckpointSummary> Checkpoints(JobRow row) => Ask(() => CheckpointList.Read(Of(row.Id), row));

    /// <summary>A checkpoint of a job.</summary>
    /// <param name="which">best, last, or the number of a step.</param>
    /// <exception cref="RpcException">NOT_FOUND; UNAVAILABLE: the store.</exception>
    public CheckpointSummary Checkpoint(JobRow row, string which) => CheckpointList.Find(Checkpoints(row), which, out var problem) ?? throw ApiErrors.CheckpointNotFound(row.Id, problem);

    /// <summary>Pins a checkpoint, as <see cref="CheckpointPins.Pin"/>.</summary>
    /// <exception cref="RpcException">UNAVAILABLE: the store.</exception>
    public bool Pin(string job, string checkpoint, string holder) => Ask(() => CheckpointPins.Pin(At(job, checkpoint), holder));

    /// <exception cref="RpcException">UNAVAILABLE: the store.</exception>
    public void Unpin(string job, string checkpoint, string holder) => Ask(() =>
    {
        CheckpointPins.Unpin(At(job, checkpoint), holder);
        return true;
    });

    /// <summary>A job holds nothing of another one any more.</summary>
    /// <exception cref="IOException">The store.</exception>
    public void UnpinAll(string job, string holder)
    {
        foreach (var (checkpoint, _) in Of(job).List(CheckpointManifest.Folder).Select(file => CheckpointPins.Of(file.Key)).OfType<(string Checkpoint, string Holder)>().Where(pin => pin.Holder == holder))
        {
            CheckpointPins.Unpin(At(job, checkpoint), holder);
        }
    }

    /// <summary>How many bytes a job has, and whether a checkpoint of it is pinned.</summary>
    /// <exception cref="RpcException">UNAVAILABLE: the store.</exception>
    public (long Bytes, bool IsPinned) Measure(string job) => Ask(() =>
    {
        var files = Of(job).List("");
        return (files.Sum(file => file.Bytes), files.Any(file => CheckpointPins.Of(file.Key) is not null));
    });

    /// <summary>False: a checkpoint has been pinned meanwhile.</summary>
    /// <exception cref="RpcException">UNAVAILABLE: the store.</exception>
    public bool DeleteUnlessPinned(string job) => Ask(() =>
    {
        var all = Of(job);
        foreach (var id in all.List(CheckpointManifest.Folder).Select(file => CheckpointManifest.IdOf(file.Key)).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            CheckpointPins.DeleteUnlessHeld(At(job, id));
        }

        if (all.List(CheckpointManifest.Folder).Count > 0)
        {
            return false;
        }

        all.Delete("");
        return true;
    });

    /// <summary>Removes what writers of any job left that never came to an end.</summary>
    /// <exception cref="RpcException">UNAVAILABLE: the store.</exception>
    public bool SweepUnfinished(DateTimeOffset before) => Ask(() =>
    {
        stores.Open(Location).SweepUnfinished(before);
        return true;
    });

    /// <summary>Removes states of a job that have had no manifest for long: whoever was to write it is gone, or has given up.</summary>
    /// <exception cref="RpcException">UNAVAILABLE: the store.</exception>
    public int SweepStates(string job, DateTimeOffset before) => Ask(() =>
    {
        var left = Of(job).List(CheckpointManifest.Folder).Where(file => file.Key.Split('/').Length > 2).GroupBy(file => file.Key.Split('/')[1], StringComparer.Ordinal)
            .Where(files => files.All(file => file.Key == CheckpointManifest.KeyOf(files.Key, CheckpointManifest.StateFile) && file.Modified < before)).Select(files => files.Key).ToList();
        left.ForEach(id => At(job, id).Delete(""));
        return left.Count;
    });

    /// <summary>Where a checkpoint of a job is.</summary>
    public IArtifactStore At(string job, string checkpoint) => stores.Open($"{Of(job).Location}/{CheckpointManifest.Folder}/{checkpoint}");

    /// <summary>The hashes of a job's steps, by item.</summary>
    /// <exception cref="RpcException">UNAVAILABLE: the store.</exception>
    public IReadOnlyDictionary<ulong, RecordedHash> Hashes(string job) => Ask(() => StepHashFiles.Read(Of(job)));

    /// <summary>Asks the record of what a job's steps came to.</summary>
    /// <exception cref="RpcException">UNAVAILABLE: the store.</exception>
    public T Steps<T>(string job, Func<IArtifactStore, T> question) => Ask(() => question(Of(job)));

    /// <summary>A row that names only checkpoints that are still there: a job that has ended keeps none.</summary>
    /// <exception cref="RpcException">UNAVAILABLE: the store.</exception>
    public JobRow WithCheckpointsThere(JobRow row) => Ask(() => row with { Checkpoints = row.Checkpoints.RemoveAll(checkpoint => stores.Open(checkpoint.Folder).List("").Count == 0) });

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

    private static T Ask<T>(Func<T> question)
    {
        try
        {
            return question();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw ApiErrors.Unavailable($"The job's files cannot be read: {e.Message}");
        }
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
