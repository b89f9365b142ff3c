using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Trainer.Kernels.Data;

/// <summary>What .NET has no words for: opening nothing but regular files, and making the entries of a folder last.</summary>
internal static partial class FileSystem
{
    private const int ReadOnly = 0;
    private const int NoControllingTerminal = 0x100; // O_NOCTTY
    private const int NonBlocking = 0x800; // O_NONBLOCK
    private const int CloseOnExec = 0x80000; // O_CLOEXEC
    private const int CurrentFolder = -100; // AT_FDCWD
    private const int EmptyPath = 0x1000; // AT_EMPTY_PATH: the handle itself
    private const uint TypeField = 0x1; // STATX_TYPE
    private const int TypeMask = 0xF000; // S_IFMT

    /// <summary>Opens a file that somebody else named, without ever waiting: a named pipe would wait for a writer, a terminal for its user.</summary>
    /// <exception cref="DataFileException">It is not there, cannot be read, or is not a regular file.</exception>
    public static FileStream OpenRegular(string path)
    {
        var file = Open(path, ReadOnly | NonBlocking | NoControllingTerminal | CloseOnExec);
        if (file.IsInvalid)
        {
            var reason = Marshal.GetLastPInvokeErrorMessage();
            file.Dispose();
            var kind = StatX(CurrentFolder, path, 0, TypeField, out var found) == 0 ? Kind(found.Mode) : null; // A socket cannot be opened at all.
            throw new DataFileException(path, kind is null ? $"cannot be opened: {reason.ToLowerInvariant()}" : $"is {kind}; expected a regular file");
        }

        if (StatX(file, "", EmptyPath, TypeField, out var status) == 0 && Kind(status.Mode) is { } other)
        {
            file.Dispose();
            throw new DataFileException(path, $"is {other}; expected a regular file");
        }

        return new FileStream(file, FileAccess.Read);
    }

    /// <exception cref="DataFileException">It is not there.</exception>
    public static long LengthOf(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : throw new DataFileException(path, "is not there; expected a regular file");

    /// <summary>Makes files that were created or renamed in a folder outlive a crash of the machine under their names.</summary>
    public static void FlushFolder(string path)
    {
        using var folder = Open(path, ReadOnly | CloseOnExec);
        if (folder.IsInvalid || Flush(folder) != 0)
        {
            throw new IOException($"{path} cannot be flushed to the disk: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    /// <summary>In words what is not a regular file; null for one.</summary>
    private static string? Kind(ushort mode) => (mode & TypeMask) switch
    {
        0x1000 => "a named pipe",
        0x2000 => "a character device",
        0x4000 => "a folder",
        0x6000 => "a block device",
        0xC000 => "a socket",
        _ => null,
    };

    /// <summary>The beginning of Linux's struct statx, the same on every architecture (unlike struct stat).</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatXResult
    {
        [FieldOffset(28)]
        public ushort Mode;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int folder, string path, int flags, uint mask, out StatXResult result);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(SafeFileHandle file, string path, int flags, uint mask, out StatXResult result);
}
