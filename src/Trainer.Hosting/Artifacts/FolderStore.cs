using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Trainer.Hosting.Artifacts;

/// <summary>Files in a folder, which is made when the first of them is. A key is the file's path in it.</summary>
/// <param name="folder">Absolute.</param>
public sealed partial class FolderStore(string folder) : IArtifactStore
{
    private const string DraftSuffix = ".tmp";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public string Location => folder;

    public TimeSpan AppendInterval => TimeSpan.FromSeconds(0.25);

    public long? FreeBytes()
    {
        var there = new DirectoryInfo(folder);
        while (!there.Exists && there.Parent is { } parent)
        {
            there = parent;
        }

        return new DriveInfo(there.FullName).AvailableFreeSpace;
    }

    public ArtifactWriter Create(string key) => new Writer(Prepare(key));

    public IArtifactLog OpenLog(string key) => new Log(this, key);

    public ArtifactFile? Find(string key) => new FileInfo(PathOf(key)) is { Exists: true } file ? Describe(file) : null;

    public ArtifactContent? Open(string key, long offset = 0)
    {
        try
        {
            var stream = new FileStream(PathOf(key), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var file = new ArtifactFile(key, stream.Length, new DateTimeOffset(File.GetLastWriteTimeUtc(stream.SafeFileHandle)));
            stream.Position = offset;
            return new ArtifactContent(file, stream);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    public IReadOnlyList<ArtifactFile> List(string key)
    {
        var below = new DirectoryInfo(PathOf(key));
        try
        {
            return below.Exists
                ? [.. below.EnumerateFiles("*", SearchOption.AllDirectories).Where(file => !IsDraft(file)).Select(Describe).OrderBy(file => file.Key, StringComparer.Ordinal)]
                : [];
        }
        catch (DirectoryNotFoundException)
        {
            return []; // Somebody deletes it just now.
        }
    }

    public void SweepUnfinished(DateTimeOffset before)
    {
        try
        {
            foreach (var draft in new DirectoryInfo(folder).EnumerateFiles($".*{DraftSuffix}", SearchOption.AllDirectories).Where(file => IsDraft(file) && file.LastWriteTimeUtc < before.UtcDateTime))
            {
                draft.Delete();
            }
        }
        catch (DirectoryNotFoundException)
        {
            // Nothing was ever written, or somebody deletes it just now.
        }
    }

    public void Delete(string key)
    {
        var path = PathOf(key);
        try
        {
            if (Directory.Exists(path))
            {
                Directory.Delete(path, recursive: true);
            }
            else
            {
                File.Delete(path);
            }
        }
        catch (DirectoryNotFoundException)
        {
            // Nothing is below it, or somebody else has deleted it.
        }
    }

    private string PathOf(string key) => key.Length == 0 ? folder : Path.Combine(folder, key);

    private string Prepare(string key)
    {
        var path = PathOf(key);
        Make(Path.GetDirectoryName(path)!);
        return path;
    }

    // Its name, and those of the folders above it that are as new, outlive a crash of the machine: each lies in the folder above.
    private static void Make(string path)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        var above = Path.GetDirectoryName(path);
        if (above is not null)
        {
            Make(above);
        }

        Directory.CreateDirectory(path, OwnerOnly);
        FlushFolder(above);
    }

    private ArtifactFile Describe(FileInfo file) => new(Path.GetRelativePath(folder, file.FullName), file.Length, new DateTimeOffset(file.LastWriteTimeUtc));

    private static bool IsDraft(FileInfo file) => file.Name.StartsWith('.') && file.Name.EndsWith(DraftSuffix, StringComparison.Ordinal);

    // A name in a folder is on the disk once the folder is. One that cannot be flushed is left to the system.
    private static void FlushFolder(string? path)
    {
        using var handle = path is null ? null : OpenFolder(path, 0);
        if (handle is { IsInvalid: false })
        {
            _ = FlushToDisk(handle);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle OpenFolder(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int FlushToDisk(SafeFileHandle file);

    private sealed class Writer : ArtifactWriter
    {
        private readonly string _path;
        private readonly string _draft;
        private readonly FileStream _stream;

        public Writer(string path)
        {
            _path = path;
            _draft = Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}{DraftSuffix}");
            _stream = new FileStream(_draft, FileMode.CreateNew, FileAccess.Write);
        }

        protected override void Take(ReadOnlySpan<byte> more) => _stream.Write(more);

        protected override void Publish()
        {
            _stream.Flush(flushToDisk: true);
            _stream.Dispose();
            File.Move(_draft, _path, overwrite: true);
            var folder = Path.GetDirectoryName(_path)!;
            FlushFolder(folder);
            FlushFolder(Path.GetDirectoryName(folder)); // The folder may be as new as the file.
        }

        protected override void Abandon()
        {
            try
            {
                _stream.Dispose(); // Writes what is buffered, which a full disk refuses.
            }
            catch (IOException)
            {
                // Nobody wants it.
            }

            try
            {
                File.Delete(_draft);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It bears a name that nobody looks for.
            }
        }
    }

    private sealed class Log(FolderStore store, string key) : IArtifactLog
    {
        private long _length;

        public void Append(ReadOnlySpan<byte> more)
        {
            using var file = new FileStream(store.Prepare(key), FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
            file.SetLength(_length);
            file.Position = _length;
            file.Write(more);
            file.Flush();
            _length = file.Position;
        }
    }
}
