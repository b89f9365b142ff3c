using System.Diagnostics;

namespace Trainer.Cluster.Tests.Processes;

/// <summary>A file system of a few megabytes, which can be filled and made read-only. Needs root: without, a test that wants it is skipped, and says so.</summary>
public sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string folder) => Folder = folder;

    public string Folder { get; }

    private string Ballast => Path.Combine(Folder, "ballast");

    public static async Task<SmallDisk> MountAsync(int megabytes)
    {
        var folder = Directory.CreateTempSubdirectory("trainer-disk-").FullName;
        var isMounted = Environment.IsPrivilegedProcess && await RunAsync("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "none", folder);
        if (!isMounted)
        {
            Directory.Delete(folder);
            Assert.Skip("Only root can mount a small file system, where it may.");
        }

        return new SmallDisk(folder);
    }

    /// <summary>Takes all but some room.</summary>
    public void Fill(long free)
    {
        using var ballast = new FileStream(Ballast, FileMode.Create);
        ballast.Write(new byte[new DriveInfo(Folder).AvailableFreeSpace - free]);
    }

    public void MakeRoom() => File.Delete(Ballast);

    public async Task RemountAsync(bool readOnly) => Assert.True(await RunAsync("mount", "-o", $"remount,{(readOnly ? "ro" : "rw")}", Folder));

    public async ValueTask DisposeAsync()
    {
        await RunAsync("umount", "-l", Folder);
        Directory.Delete(Folder);
    }

    private static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0;
    }
}
