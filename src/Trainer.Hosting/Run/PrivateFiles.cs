using System.Runtime.InteropServices;

namespace Trainer.Hosting.Run;

/// <summary>Folders and files that only their owner can enter, made so that no moment exists in which others could.</summary>
internal static partial class PrivateFiles
{
    private const UnixFileMode OwnerOnlyFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnerOnlyFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Creates the folder (0700) unless it is there.</summary>
    /// <exception cref="RunFolderException">What is there is a link, somebody else's, or open to others.</exception>
    public static void CreateFolder(string path)
    {
        RequireUnix();
        Directory.CreateDirectory(path, OwnerOnlyFolder);
        RequirePrivate(path);
    }

    /// <exception cref="RunFolderException">The folder is a link, somebody else's, or open to others.</exception>
    public static void RequirePrivate(string path)
    {
        RequireUnix();
        if (new DirectoryInfo(path).LinkTarget is { } target)
            throw new RunFolderException(path, $"is a symbolic link to {target}; expected a folder of its own");
        if (!IsMine(path))
            throw new RunFolderException(path, "belongs to another user; expected one of yours");
        var mode = File.GetUnixFileMode(path);
        if ((mode & Others) != UnixFileMode.None)
            throw new RunFolderException(path, $"is open to others (mode {Octal(mode)}, expected 700); run: chmod 700 '{path}'");
    }

    /// <summary>Writes a file (0600) that appears under its name complete or not at all, replacing what was there.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var draft = WriteDraft(path, content);
        File.Move(draft, path, overwrite: true);
    }

    /// <summary>As <see cref="Replace"/>, but leaves a file that is already there; false then. Of several processes one wins.</summary>
    public static bool TryCreate(string path, ReadOnlySpan<byte> content)
    {
        var draft = WriteDraft(path, content);
        try
        {
            // link(2) fails when the name is taken; File.Move without overwrite looks first and renames after, which is a race.
            if (Link(draft, path) == 0)
                return true;
            var error = Marshal.GetLastPInvokeErrorMessage();
            return File.Exists(path) ? false : throw new IOException($"{path} cannot be created: {error}.");
        }
        finally
        {
            File.Delete(draft);
        }
    }

    private static string WriteDraft(string path, ReadOnlySpan<byte> content)
    {
        var draft = $"{path}.{Environment.ProcessId}-{Guid.NewGuid():n}.new";
        using var file = new FileStream(draft, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnlyFile });
        file.Write(content);
        return draft;
    }

    private static bool IsMine(string path)
    {
        if (!OperatingSystem.IsLinux())
            return true; // elsewhere the mode check has to do: a private folder of another user cannot be entered anyway
        if (StatX(CurrentFolder, path, NoFollow, UidField, out var status) != 0)
            throw new RunFolderException(path, $"cannot be examined: {Marshal.GetLastPInvokeErrorMessage()}");
        return status.Uid == EffectiveUserId();
    }

    private static string Octal(UnixFileMode mode) => Convert.ToString((int)mode, 8);

    private static void RequireUnix()
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException("A local cluster needs Unix file permissions and sockets; on Windows, use WSL.");
    }

    private const int CurrentFolder = -100; // AT_FDCWD
    private const int NoFollow = 0x100; // AT_SYMLINK_NOFOLLOW
    private const uint UidField = 0x8; // STATX_UID

    /// <summary>The beginning of Linux's struct statx, the same on every architecture (unlike struct stat).</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatXResult
    {
        [FieldOffset(20)]
        public uint Uid;
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int folder, string path, int flags, uint mask, out StatXResult result);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string created);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUserId();
}
