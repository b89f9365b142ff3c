using System.Diagnostics;

namespace Trainer.Cluster.Tests.Processes;

/// <summary>A file system on which every write hangs while it is frozen. Needs root and a loop device: without, a test that wants it is skipped, and says so.</summary>
public sealed class HungDisk : IAsyncDisposable
{
    private readonly string _image;

    private HungDisk(string folder, string image) => (Folder, _image) = (folder, image);

    public string Folder { get; }

    public static async Task<HungDisk> MountAsync()
    {
        var folder = Directory.CreateTempSubdirectory("trainer-hung-").FullName;
        var disk = new HungDisk(folder, folder + ".img");
        await using (var image = File.Create(disk._image))
        {
            image.SetLength(32 << 20);
        }

        if (!Environment.IsPrivilegedProcess || !await RunAsync("mkfs.ext4", "-q", disk._image) || !await RunAsync("mount", "-o", "loop", disk._image, folder))
        {
            await disk.DisposeAsync();
            Assert.Skip("Only root can mount a file system of a file, where there are loop devices and mkfs.ext4.");
        }

        return disk;
    }

    public async Task FreezeAsync() => Assert.True(await RunAsync("fsfreeze", "-f", Folder));

    public Task ThawAsync() => RunAsync("fsfreeze", "-u", Folder);

    public async ValueTask DisposeAsync()
    {
        await RunAsync("umount", "-l", Folder);
        Directory.Delete(Folder);
        File.Delete(_image);
    }

    private static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true });
        await process!.WaitForExitAsync();
        return process.ExitCode == 0;
    }
}
