using System.Security.Cryptography;

namespace Trainer.Hosting.Artifacts;

/// <summary>
/// Packs of data sets that were pushed, on this machine, by their SHA-256: fetched once, whichever process wants them first, checked, and found again by others. Those that nobody wanted for longest make room
/// for others; whoever reads one that goes has it to its end. Lock files stay: who deletes one takes the lock from whoever opens it just then.
/// </summary>
/// <param name="folder">For packs alone.</param>
/// <param name="mostBytes">All of them together, but for those that somebody is about to open while others come.</param>
public sealed class DataSetCache(string folder, long mostBytes)
{
    /// <summary>Of the folder in the user's cache.</summary>
    public const string FolderName = "pushed";

    private const string Ending = ".tar";
    private const string DraftEnding = ".part";
    private const int BufferBytes = 1 << 20;

    /// <summary>EWOULDBLOCK, which .NET passes on where flock(2) finds another holder.</summary>
    private const int WouldBlock = 11;

    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(0.2);

    /// <summary>A pack that is on this machine, to be disposed once it is open; null: it is not there.</summary>
    /// <exception cref="IOException">The folder cannot be used.</exception>
    public static CachedPack? Find(string folder, string id)
    {
        try
        {
            return Directory.Exists(folder) ? Keep(folder, DataSetFiles.Split(id).Sha256) : null;
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new IOException(denied.Message, denied);
        }
    }

    /// <summary>The pack, fetched if it is not there. It stays at least until what is returned is disposed: open it before.</summary>
    /// <param name="artifacts">The location of jobs' files.</param>
    /// <param name="id">NAME@SHA-256.</param>
    /// <exception cref="IOException">It is not in the store, has another SHA-256, is larger than the cache, or cannot be read or written.</exception>
    public CachedPack Fetch(ArtifactStores stores, string artifacts, string id, CancellationToken stop)
    {
        try
        {
            return KeepOrFetch(stores, artifacts, id, stop);
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new IOException(denied.Message, denied);
        }
    }

    private CachedPack KeepOrFetch(ArtifactStores stores, string artifacts, string id, CancellationToken stop)
    {
        var (_, sum) = DataSetFiles.Split(id);
        Directory.CreateDirectory(folder);
        if (Keep(folder, sum) is { } kept)
        {
            return kept;
        }

        using var turn = TakeTurn(stop);
        if (Keep(folder, sum) is { } fetched)
        {
            return fetched;
        }

        var store = stores.Open(DataSetFiles.LocationIn(artifacts));
        var set = DataSetFiles.Find(store, DataSetFiles.Ready, id) ?? throw new IOException($"The data set {id} is not in the cluster's store any more: push it again.");
        MakeRoom((long)set.Bytes, id);
        var draft = Path.Combine(folder, sum + DraftEnding);
        try
        {
            Copy(store, set, draft, stop);
            File.Move(draft, Path.Combine(folder, sum + Ending));
        }
        finally
        {
            File.Delete(draft);
        }

        return Keep(folder, sum) ?? throw new IOException($"{Path.Combine(folder, sum + Ending)} was taken away as soon as it was there. Only Trainer may delete files of that folder while it runs.");
    }

    // Null: it is not there, or goes just now.
    private static CachedPack? Keep(string folder, string sum)
    {
        var path = Path.Combine(folder, sum + Ending);
        var hold = Hold(folder, sum, FileShare.Read);
        try
        {
            if (hold is null || !File.Exists(path))
            {
                return null;
            }

            File.SetLastWriteTimeUtc(path, TimeProvider.System.GetUtcNow().UtcDateTime); // It was wanted now.
            var kept = new CachedPack(path, hold);
            hold = null;
            return kept;
        }
        finally
        {
            hold?.Dispose();
        }
    }

    // Shared by those who are about to open a pack, alone for who takes it away; null where others hold it otherwise.
    private static FileStream? Hold(string folder, string sum, FileShare share)
    {
        try
        {
            return new FileStream(Path.Combine(folder, sum + ".lock"), FileMode.OpenOrCreate, share == FileShare.None ? FileAccess.ReadWrite : FileAccess.Read, share);
        }
        catch (IOException taken) when (taken.HResult == WouldBlock)
        {
            return null;
        }
    }

    /// <summary>One process at a time fetches, so that what is kept has one reckoning; others wait, and may find what they want.</summary>
    private FileStream TakeTurn(CancellationToken stop)
    {
        FileStream? turn;
        while ((turn = Hold(folder, "fetching", FileShare.None)) is null)
        {
            stop.WaitHandle.WaitOne(LookAgain);
            stop.ThrowIfCancellationRequested();
        }

        return turn;
    }

    private static void Copy(IArtifactStore store, Protos.PushedDataSet set, string draft, CancellationToken stop)
    {
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var from = DataSetFiles.Read(store, set);
        using var to = new FileStream(draft, FileMode.Create, FileAccess.Write);
        var buffer = new byte[BufferBytes];
        for (int read; (read = from.Read(buffer)) > 0;)
        {
            stop.ThrowIfCancellationRequested();
            sum.AppendData(buffer, 0, read);
            to.Write(buffer, 0, read);
        }

        to.Flush(flushToDisk: true);
        var found = Convert.ToHexStringLower(sum.GetHashAndReset());
        if (found != set.Sha256)
        {
            throw new IOException($"The data set {set.Id} has the SHA-256 {found} in the cluster's store: it is damaged there. Delete it and push it again.");
        }
    }

    private void MakeRoom(long bytes, string id)
    {
        if (bytes > mostBytes)
        {
            throw new IOException($"The data set {id} has {bytes} bytes, and this node keeps {mostBytes} bytes of data sets at most (--limit {Limits.ProcessLimits.DataCacheBytes.Name}=N).");
        }

        var files = new DirectoryInfo(folder);
        foreach (var draft in files.EnumerateFiles($"*{DraftEnding}"))
        {
            draft.Delete(); // Of a process that ended while it fetched.
        }

        foreach (var pack in files.GetFiles($"*{Ending}").OrderByDescending(file => file.LastWriteTimeUtc))
        {
            using var alone = bytes + pack.Length > mostBytes ? Hold(folder, Path.GetFileNameWithoutExtension(pack.Name), FileShare.None) : null;
            if (alone is null)
            {
                bytes += pack.Length;
            }
            else
            {
                pack.Delete();
            }
        }
    }
}

/// <summary>A pack in a <see cref="DataSetCache"/>, which is not taken away before this is disposed; nor later from whoever has it open.</summary>
public sealed class CachedPack : IDisposable
{
    private readonly FileStream _hold;

    internal CachedPack(string path, FileStream hold) => (Path, _hold) = (path, hold);

    public string Path { get; }

    public void Dispose() => _hold.Dispose();
}
