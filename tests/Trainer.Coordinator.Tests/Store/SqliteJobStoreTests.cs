using Dapper;
using Microsoft.Data.Sqlite;
using Trainer.Coordinator.Store;

namespace Trainer.Coordinator.Tests.Store;

public sealed class SqliteJobStoreTests : JobStoreSuite
{
    private readonly TemporaryFolder _folder;

    public SqliteJobStoreTests()
        : this(new TemporaryFolder())
    {
    }

    private SqliteJobStoreTests(TemporaryFolder folder)
        : base(new SqliteAddress(folder.Path)) => _folder = folder;

    public override void Dispose()
    {
        base.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Once_closed_it_makes_no_new_file()
    {
        using var folder = new TemporaryFolder();
        var store = new SqliteAddress(folder.Path).Open();
        store.Dispose();
        File.Delete(Path.Combine(folder.Path, "jobs.db"));

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.ActiveIdsAsync());
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_folder_has_one_coordinator()
    {
        var error = Assert.Throws<StoreException>(() => new SqliteAddress(_folder.Path).Open());
        Assert.StartsWith($"Store folder '{_folder.Path}' is held by process {Environment.ProcessId} (", error.Message);
        Assert.EndsWith("): stop that one, or give this one a folder of its own.", error.Message);
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_named()
    {
        var file = Path.Combine(_folder.Path, "file");
        File.WriteAllText(file, "");
        var error = Assert.Throws<StoreException>(() => new SqliteAddress(Path.Combine(file, "store")).Open());
        Assert.StartsWith($"Store folder '{file}/store' cannot be used: {file} is a file; expected a folder.", error.Message);
    }

    [Fact]
    public void A_database_of_a_later_version_is_left_alone()
    {
        Close();
        using (var connection = new SqliteConnection($"Data Source={_folder.Path}/jobs.db;Pooling=False"))
        {
            connection.Execute("PRAGMA user_version = 99");
        }

        var error = Assert.Throws<StoreException>(() => new SqliteAddress(_folder.Path).Open());
        Assert.Equal($"{_folder.Path}/jobs.db has schema version 99, this program knows 11: it was written by a later version.", error.Message);
    }

    [Fact]
    public void A_file_that_is_no_database_is_named()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "jobs.db"), "This is no database, but long enough to be mistaken for one by its size alone.");
        var error = Assert.Throws<StoreException>(() => new SqliteAddress(folder.Path).Open());
        Assert.StartsWith($"{folder.Path}/jobs.db cannot be used: ", error.Message);
    }

    [Theory]
    [InlineData(true, "jobs.db-journal")]
    [InlineData(false, "jobs.db-wal")]
    public async Task Its_journal_needs_no_shared_memory_on_a_network_file_system(bool isRemote, string journal)
    {
        using var folder = new TemporaryFolder();
        using var store = SqlJobStore.Open(new SqliteDialect(folder.Path, _ => isRemote));
        await store.InsertAsync(Samples.Row());
        Assert.True(File.Exists(Path.Combine(folder.Path, journal)));
        Assert.Equal(!isRemote, File.Exists(Path.Combine(folder.Path, "jobs.db-shm")));
    }

    [Fact]
    public void A_temporary_folder_is_on_no_network() => Assert.False(SqliteDialect.IsRemote(_folder.Path));
}
