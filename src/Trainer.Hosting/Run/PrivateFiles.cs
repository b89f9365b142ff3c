using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Trainer.Hosting.Run;

/// <summary>Folders and files that only their owner can enter, made so that no moment exists in which others could.</summary>
public static partial class PrivateFiles
{
    internal const UnixFileMode OwnerOnlyFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerOnlyFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Whatever this process makes from now on, the programs that it starts included, only its owner can read.</summary>
    public static void ForWholeProcess() => SetMask(Others);

    /// <summary>Creates the folder (0700) and those above it unless they are there.</summary>
    /// <exception cref="RunFolderException">What is there is a file, a link, somebody else's, or open to others.</exception>
    public static void CreateFolder(string path)
    {
        RequireUnix();
        RefuseFiles(path);
        Directory.CreateDirectory(path, OwnerOnlyFolder);
        RequirePrivate(path);
    }

    /// <summary>Creates the folder (0700), or closes one of this user's that is open to others, as an earlier version left it. A link stays as it is.</summary>
    /// <exception cref="RunFolderException">What is there is a file.</exception>
    public static void CreateOrClose(string path)
    {
        RefuseFiles(path);
        if (!Directory.Exists(path))
        {
            Directory.CreateDirectory(path, OwnerOnlyFolder);
        }
        else if (new DirectoryInfo(path).LinkTarget is null && IsMine(path))
        {
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) & ~Others);
        }
    }

    /// <exception cref="RunFolderException">There is a file where the folder, or one above it, should be.</exception>
    public static void RefuseFiles(string path)
    {
        for (var part = path; part is not null; part = Path.GetDirectoryName(part))
        {
            if (File.Exists(part))
            {
                throw new RunFolderException(part, "is a file; expected a folder");
            }
        }
    }

    /// <exception cref="RunFolderException">The folder is a link, somebody else's, or open to others.</exception>
    public static void RequirePrivate(string path)
    {
        RequireUnix();
        if (new DirectoryInfo(path).LinkTarget is { } target)
        {
            throw new RunFolderException(path, $"is a symbolic link to {target}; expected a folder of its own");
        }

        if (!IsMine(path))
        {
            throw new RunFolderException(path, "belongs to another user; expected one of yours");
        }

        var mode = File.GetUnixFileMode(path);
        if ((mode & Others) != UnixFileMode.None)
        {
            throw new RunFolderException(path, $"is open to others (mode {Octal(mode)}, expected 700); run: chmod 700 '{path}'");
        }
    }

    /// <summary>A secret is readable by its owner alone, or, where it is the system's (as Kubernetes mounts secrets), by a group as well. Links are followed.</summary>
    /// <exception cref="RunFolderException">Others may read or write it.</exception>
    /// <exception cref="FileNotFoundException">It is not there.</exception>
    public static void RequireSecret(string path)
    {
        RequireUnix();
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no file {path}.", path);
        }

        var status = Examine(path, flags: 0);
        var (mode, allowed) = ((UnixFileMode)(status.Mode & ModeBits), status.Uid == Root ? UnixFileMode.GroupRead : UnixFileMode.None);
        if ((mode & Others & ~allowed) != UnixFileMode.None)
        {
            throw new RunFolderException(path, $"is open to others (mode {Octal(mode)}, expected 600); run: chmod 600 '{path}'");
        }
    }

    /// <summary>Writes a file (0600) that appears under its name complete or not at all, replacing what was there.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var draft = WriteDraft(path, content);
        try
        {
            File.Move(draft, path, overwrite: true);
        }
        catch
        {
            File.Delete(draft);
            throw;
        }
    }

    /// <summary>As <see cref="Replace"/>, but leaves a file that is already there; false then. Of several processes one wins.</summary>
    public static bool TryCreate(string path, ReadOnlySpan<byte> content)
    {
        var draft = WriteDraft(path, content);
        try
        {
            // link(2) fails when the name is taken; File.Move without overwrite looks first and renames after, which is a race.
            if (Link(draft, path) == 0)
            {
                return true;
            }

            var error = Marshal.GetLastPInvokeErrorMessage();
            return File.Exists(path) ? false : throw new IOException($"{path} cannot be created: {error}.");
        }
        finally
        {
            File.Delete(draft);
        }
    }

    /// <summary>A new file (0600), open for writing. What is there, links too, is never written through.</summary>
    /// <exception cref="IOException">Something is there.</exception>
    public static FileStream CreateNew(string path) =>
        new(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnlyFile });

    private static string WriteDraft(string path, ReadOnlySpan<byte> content)
    {
        var draft = $"{path}.{Environment.ProcessId}-{Guid.NewGuid():n}.new";
        try
        {
            using var file = CreateNew(draft);
            file.Write(content);
            return draft;
        }
        catch
        {
            File.Delete(draft); // A full disk leaves a part of it.
            throw;
        }
    }

    private static bool IsMine(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return true; // elsewhere the mode check has to do: a private folder of another user cannot be entered anyway
        }

        return Examine(path, NoFollow).Uid == EffectiveUserId();
    }

    /// <summary>Whether the open file is still the one under this name.</summary>
    internal static bool IsAt(SafeFileHandle file, string path) =>
        StatX(CurrentFolder, path, NoFollow, Fields, out var there) == 0
        && StatX(file, "", EmptyPath, Fields, out var held) == 0
        && (there.Inode, there.DeviceMajor, there.DeviceMinor) == (held.Inode, held.DeviceMajor, held.DeviceMinor);

    internal static ulong Inode(string path) => Examine(path, flags: 0).Inode;

    private static StatXResult Examine(string path, int flags) => StatX(CurrentFolder, path, flags, Fields, out var status) == 0
        ? status
        : throw new RunFolderException(path, $"cannot be examined: {Marshal.GetLastPInvokeErrorMessage()}");

    private static string Octal(UnixFileMode mode) => Convert.ToString((int)mode, 8);

    private static void RequireUnix()
    {
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException("A local cluster needs Unix file permissions and sockets; on Windows, use WSL.");
        }
    }

    private const uint Root = 0;
    private const int ModeBits = 0b111_111_111;
    private const int CurrentFolder = -100; // AT_FDCWD
    private const int NoFollow = 0x100; // AT_SYMLINK_NOFOLLOW
    private const int EmptyPath = 0x1000; // AT_EMPTY_PATH: the handle itself
    private const uint Fields = 0x2 | 0x8 | 0x100; // STATX_MODE, STATX_UID, STATX_INO

    /// <summary>The beginning of Linux's struct statx, the same on every architecture (unlike struct stat).</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatXResult
    {
        [FieldOffset(20)]
        public uint Uid;

        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(32)]
        public ulong Inode;

        [FieldOffset(136)]
        public uint DeviceMajor;

        [FieldOffset(140)]
        public uint DeviceMinor;
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int folder, string path, int flags, uint mask, out StatXResult result);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(SafeFileHandle file, string path, int flags, uint mask, out StatXResult result);

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial UnixFileMode SetMask(UnixFileMode mask);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string created);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUserId();
}
