using Trainer.Coordinator.Store;

namespace Trainer.Coordinator.Tests.Store;

public sealed class StoreLockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_is_made_and_held_by_one_who_is_named()
    {
        var folder = Path.Combine(_folder.Path, "deep", "store");
        using (StoreLock.Take(folder))
        {
            var held = Assert.Throws<StoreException>(() => StoreLock.Take(folder));
            Assert.StartsWith($"Store folder '{folder}' is held by process {Environment.ProcessId} (", held.Message);
        }

        StoreLock.Take(folder).Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void A_file_in_the_way_is_named()
    {
        var file = Path.Combine(_folder.Path, "file");
        File.WriteAllText(file, "");

        Assert.Equal($"Store folder '{file}' cannot be used: {file} is a file; expected a folder.", Assert.Throws<StoreException>(() => StoreLock.Take(file)).Message);
    }

    [Fact]
    public void A_lock_file_that_a_killed_coordinator_left_is_taken()
    {
        File.WriteAllText(Path.Combine(_folder.Path, "coordinator.lock"), "");

        using var taken = StoreLock.Take(_folder.Path);

        Assert.Throws<StoreException>(() => StoreLock.Take(_folder.Path));
    }
}
