using Trainer.Coordinator.Store;

namespace Trainer.Coordinator.Tests.Store;

public sealed class SqliteBackupTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Store => Path.Combine(_folder.Path, "store");

    private string Copy => Path.Combine(_folder.Path, "copy", SqliteDialect.FileName);

    public SqliteBackupTests() => Directory.CreateDirectory(Path.GetDirectoryName(Copy)!);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_copy_that_is_made_while_the_store_is_written_is_a_store()
    {
        using (var store = new SqliteAddress(Store).Open())
        {
            await store.InsertAsync(Samples.Row("j-1"));
            await store.InsertAsync(Samples.Row("j-2"));
            Assert.Equal(2, SqliteBackup.Write(Store, Copy).Jobs);
            await store.InsertAsync(Samples.Row("j-3"));
            Assert.Equal(3, SqliteBackup.Write(Store, Copy).Jobs); // in the place of the first
            await store.InsertAsync(Samples.Row("j-4"));
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Copy));
        Assert.Equal([Copy], Directory.GetFiles(Path.GetDirectoryName(Copy)!));
        using var restored = new SqliteAddress(Path.GetDirectoryName(Copy)!).Open();
        Assert.Equal(Samples.Row("j-2").ToJob(), (await restored.FindAsync("j-2"))!.ToJob());
        Assert.NotNull(await restored.FindAsync("j-3"));
        Assert.Null(await restored.FindAsync("j-4"));
    }

    [Fact]
    public void What_is_no_store_is_named()
    {
        var error = Assert.Throws<StoreException>(() => SqliteBackup.Write(Store, Copy));
        Assert.Equal($"There is no store in {Store}: it has no jobs.db. Name its folder with --store; a store in PostgreSQL is copied with pg_dump.", error.Message);
        Directory.CreateDirectory(Store);
        File.WriteAllText(Path.Combine(Store, SqliteDialect.FileName), "no database, but long enough to be looked at as if it were one");
        Assert.Equal(StoreFault.Corrupt, Assert.Throws<StoreException>(() => SqliteBackup.Write(Store, Copy)).Fault);
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(Copy)!));
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_named()
    {
        new SqliteAddress(Store).Open().Dispose();
        var nowhere = Path.Combine(_folder.Path, "nowhere", "jobs.db");
        Assert.StartsWith($"The copy {nowhere} cannot be written: ", Assert.Throws<StoreException>(() => SqliteBackup.Write(Store, nowhere)).Message, StringComparison.Ordinal);
    }
}
