using System.Diagnostics;
using Trainer.Hosting.Run;

namespace Trainer.Hosting.Tests.Run;

public sealed class FileLockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string File => _folder["a.lock"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void One_has_it_at_a_time_and_takes_the_file_along()
    {
        var first = FileLock.TryTake(File)!;
        Assert.Null(FileLock.TryTake(File));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));

        first.Dispose();

        Assert.False(System.IO.File.Exists(File));
        using var second = FileLock.TryTake(File);
        Assert.NotNull(second);
    }

    [Fact]
    public void The_holder_is_the_process_that_the_kernel_lists()
    {
        Assert.Null(FileLock.Holder(File));
        using var held = FileLock.TryTake(File);

        Assert.Equal(Environment.ProcessId, FileLock.Holder(File));
    }

    [Fact]
    public async Task A_holder_that_is_killed_holds_nothing()
    {
        // One process alone: a child would have the lock too, and end after the one that is awaited.
        var start = new ProcessStartInfo("flock", ["--no-fork", File, "-c", "echo held; exec sleep 1000"]) { RedirectStandardOutput = true, UseShellExecute = false };
        using var holder = Process.Start(start)!;
        Assert.Equal("held", await holder.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        Assert.Null(FileLock.TryTake(File));

        holder.Kill();
        await holder.WaitForExitAsync(TestContext.Current.CancellationToken);

        using var taken = FileLock.TryTake(File);
        Assert.NotNull(taken);
    }

    [Fact]
    public void The_file_of_a_successor_stays()
    {
        var first = FileLock.TryTake(File)!;
        System.IO.File.Delete(File);
        using var second = FileLock.TryTake(File);
        Assert.NotNull(second);

        first.Dispose();

        Assert.Null(FileLock.TryTake(File));
    }

    [Fact]
    public async Task Of_many_at_once_one_has_it()
    {
        for (var round = 0; round < 50; round++)
        {
            using var gate = new Barrier(5);
            var held = 0;
            await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    gate.SignalAndWait();
                    for (var turn = 0; turn < 7; turn++)
                    {
                        using var taken = FileLock.TryTake(File);
                        Assert.True(taken is null || Interlocked.Increment(ref held) == 1);
                        _ = taken is null ? 0 : Interlocked.Decrement(ref held);
                    }
                },
                TaskCreationOptions.LongRunning)));
        }
    }

    [Fact]
    public void A_folder_that_is_not_there_is_an_error_not_a_holder() =>
        Assert.Throws<DirectoryNotFoundException>(() => FileLock.TryTake(_folder["none/a.lock"]));
}
