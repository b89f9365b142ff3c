using Trainer.Kernels.Data;

namespace Trainer.Kernels.Formats;

/// <summary>A file that is there whole or not at all: written beside its place, flushed to the disk, then renamed. Once committed it outlives a crash of the machine.</summary>
public sealed class AtomicFile : IDisposable
{
    private readonly string _path;
    private readonly string _temporary;

    public AtomicFile(string path)
    {
        _path = Path.GetFullPath(path);
        _temporary = Path.Combine(Path.GetDirectoryName(_path)!, $".{Path.GetFileName(_path)}.{Guid.NewGuid():N}.tmp");
        Stream = new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write);
    }

    public FileStream Stream { get; }

    /// <summary>Makes the content stand under its name. Without it, disposing leaves nothing behind.</summary>
    public void Commit()
    {
        Stream.Flush(flushToDisk: true);
        Stream.Dispose();
        File.Move(_temporary, _path, overwrite: true);
        var folder = Path.GetDirectoryName(_path)!;
        FileSystem.FlushFolder(folder);
        FileSystem.FlushFolder(Path.GetDirectoryName(folder) ?? folder); // The folder may be as new as the file.
    }

    public void Dispose()
    {
        Stream.Dispose();
        File.Delete(_temporary);
    }
}
