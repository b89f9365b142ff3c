using System.Security.Cryptography;

namespace Trainer.Hosting.Artifacts;

/// <summary>
/// Packs of data sets that were pushed, on this machine, by their SHA-256: fetched once, whichever process wants them first, checked, and found again by others. Those that nobody wanted for longest make room
/// for others; whoever reads one that goes has it to its end.
/// </summary>
/// <param name="folder">For packs alone.</param>
/// <param name="mostBytes">All of them together.</param>
public sealed class DataSetCache(string folder, long mostBytes)
{
    /// <summary>Of the folder in the user's cache.</summary>
    public const string FolderName = "pushed";

    private const string Ending = ".tar";
    private const string DraftEnding = ".part";
    private const int BufferBytes = 1 << 20;

    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(0.2);

    /// <summary>A pack that is on this machine; null: it is not.</summary>
    public static string? Find(string folder, string id) => Path.Combine(folder, DataSetFiles.Split(id).Sha256 + Ending) is var path && File.Exists(path) ? path : null;

    /// <summary>The pack's file, fetched if it is not there.</summary>
    /// <param name="artifacts">The location of jobs' files.</param>
    /// <param name="id">NAME@SHA-256.</param>
    /// <exception cref="IOException">It is not in the store, has another SHA-256, is larger than the cache, or cannot be read or written.</exception>
    public string Fetch(ArtifactStores stores, string artifacts, string id, CancellationToken stop)
    {
        var store = stores.Open(DataSetFiles.LocationIn(artifacts));
        var (_, sum) = DataSetFiles.Split(id);
        var path = Path.Combine(folder, sum + Ending);
        Directory.CreateDirectory(folder);
        using var turn = TakeTurn(Path.Combine(folder, sum + ".lock"), stop);
        if (File.Exists(path))
        {
            File.SetLastWriteTimeUtc(path, TimeProvider.System.GetUtcNow().UtcDateTime); // It was wanted now.
            return path;
        }

        var set = DataSetFiles.Find(store, DataSetFiles.Ready, id) ?? throw new IOException($"The data set {id} is not in the cluster's store any more: push it again.");
        MakeRoom((long)set.Bytes, id);
        var draft = path + DraftEnding;
        try
        {
            Copy(store, set, draft, stop);
            File.Move(draft, path, overwrite: true);
        }
        finally
        {
            File.Delete(draft);
        }

        return path;
    }

    /// <summary>One process at a time fetches a pack; others wait, and then find it.</summary>
    private static FileStream TakeTurn(string path, CancellationToken stop)
    {
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(path))
            {
                stop.WaitHandle.WaitOne(LookAgain);
            }
        }
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

        List<FileInfo> kept = [.. new DirectoryInfo(folder).EnumerateFiles($"*{Ending}").OrderByDescending(file => file.LastWriteTimeUtc)];
        var sum = bytes;
        foreach (var file in kept)
        {
            sum += file.Length;
            if (sum > mostBytes)
            {
                file.Delete();
            }
        }
    }
}
