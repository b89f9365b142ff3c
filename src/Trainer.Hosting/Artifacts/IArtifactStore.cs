namespace Trainer.Hosting.Artifacts;

/// <summary>A file of a store.</summary>
/// <param name="Key">Its name in the store; parts are separated by '/'.</param>
public sealed record ArtifactFile(string Key, long Bytes, DateTimeOffset Modified);

/// <summary>An open file of a store. Whoever replaces the file meanwhile does not disturb who reads it.</summary>
/// <param name="File">As it was when it was opened.</param>
/// <param name="Stream">From the offset that was asked for.</param>
public sealed record ArtifactContent(ArtifactFile File, Stream Stream) : IDisposable
{
    public void Dispose() => Stream.Dispose();
}

/// <summary>
/// Files under keys: a folder, or a part of a bucket. A file appears whole or not at all, and once it has appeared it outlives a crash of the machine. All methods wait for disk or
/// network: they are for threads that may.
/// </summary>
/// <remarks>Whatever goes wrong is an <see cref="IOException"/> or an <see cref="UnauthorizedAccessException"/>.</remarks>
public interface IArtifactStore
{
    /// <summary>An absolute folder, or <c>s3://BUCKET/PREFIX</c>. What is below it has a key below the prefix.</summary>
    string Location { get; }

    /// <summary>How long to gather before a file that grows is written again: a folder takes what is new, a bucket takes the whole file.</summary>
    TimeSpan AppendInterval { get; }

    /// <summary>What is free where the files go; null: there is no telling.</summary>
    long? FreeBytes();

    /// <summary>A file to be written; it replaces one of that key when it is committed.</summary>
    ArtifactWriter Create(string key);

    /// <summary>A file that grows, of which this process is the only writer. What an earlier writer left is replaced.</summary>
    IArtifactLog OpenLog(string key);

    /// <summary>Null: there is no such file.</summary>
    ArtifactFile? Find(string key);

    /// <summary>Null: there is no such file.</summary>
    /// <param name="offset">Of the first byte, which is in the file or just behind it.</param>
    ArtifactContent? Open(string key, long offset = 0);

    /// <summary>The files below a key, in the order of their keys.</summary>
    /// <param name="key">Empty: all.</param>
    IReadOnlyList<ArtifactFile> List(string key);

    /// <summary>Removes what writers left that never came to an end: they are gone, or have given up.</summary>
    /// <param name="before">What was begun, or last written to, before.</param>
    void SweepUnfinished(DateTimeOffset before);

    /// <summary>A file and all that is below its key. It is no fault if nothing is.</summary>
    /// <param name="key">Empty: all.</param>
    void Delete(string key);
}

/// <summary>See <see cref="IArtifactStore.OpenLog"/>.</summary>
public interface IArtifactLog
{
    /// <summary>All of it, or none as far as readers see: what a failed attempt left is cut off by the next.</summary>
    void Append(ReadOnlySpan<byte> more);
}

public static class ArtifactStoreExtensions
{
    /// <summary>Where a file is, for people and for other processes.</summary>
    public static string LocationOf(this IArtifactStore store, string key) => $"{store.Location}/{key}";

    /// <summary>Writes a whole file.</summary>
    public static void Put(this IArtifactStore store, string key, ReadOnlySpan<byte> content)
    {
        using var file = store.Create(key);
        file.Write(content);
        file.Commit();
    }

    /// <summary>Null: there is no such file.</summary>
    public static byte[]? Get(this IArtifactStore store, string key)
    {
        using var content = store.Open(key);
        if (content is null)
        {
            return null;
        }

        using var all = new MemoryStream();
        content.Stream.CopyTo(all);
        return all.ToArray();
    }
}
