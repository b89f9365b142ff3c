using System.Globalization;

namespace Trainer.Hosting.Run;

/// <summary>
/// A file that one process holds at a time. The kernel lets go of it when its holder ends in whatever way, so that nothing has to be cleaned up by
/// hand; a holder that ends in good order takes the file with it.
/// </summary>
public sealed class FileLock : IDisposable
{
    /// <summary>EWOULDBLOCK, which .NET passes on where flock(2) finds another holder.</summary>
    private const int WouldBlock = 11;

    private readonly string _path;
    private readonly FileStream _file;

    private FileLock(string path, FileStream file) => (_path, _file) = (path, file);

    /// <returns>Null when somebody else has it.</returns>
    /// <exception cref="IOException">The file cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be made or opened.</exception>
    public static FileLock? TryTake(string path)
    {
        while (true)
        {
            FileStream file;
            try
            {
                // flock(LOCK_EX | LOCK_NB)
                file = new FileStream(path, new FileStreamOptions
                {
                    Mode = FileMode.OpenOrCreate,
                    Access = FileAccess.ReadWrite,
                    Share = FileShare.None,
                    UnixCreateMode = PrivateFiles.OwnerOnlyFile,
                });
            }
            catch (IOException taken) when (taken.HResult == WouldBlock)
            {
                return null;
            }

            if (PrivateFiles.IsAt(file.SafeFileHandle, path))
            {
                return new FileLock(path, file);
            }

            file.Dispose(); // Its holder removed it between our open and our lock: take a new one.
        }
    }

    /// <summary>The process that holds the file, as the kernel lists it; null where nobody does, or one that cannot be seen from here.</summary>
    public static int? Holder(string path)
    {
        try
        {
            // 1: FLOCK  ADVISORY  WRITE 1234 fd:01:5678 0 EOF; file systems over a network show POSIX.
            var inode = $":{PrivateFiles.Inode(path).ToString(CultureInfo.InvariantCulture)}";
            return File.ReadLines("/proc/locks")
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(fields => fields.Length > 5 && fields[1] is "FLOCK" or "POSIX" && fields[5].EndsWith(inode, StringComparison.Ordinal))
                .Select(fields => int.Parse(fields[4], CultureInfo.InvariantCulture))
                .FirstOrDefault(process => process > 0) is var holder and > 0 ? holder : null;
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        // Whoever deleted the file by hand may have made room for another holder's.
        if (PrivateFiles.IsAt(_file.SafeFileHandle, _path))
        {
            File.Delete(_path);
        }

        _file.Dispose();
    }
}
