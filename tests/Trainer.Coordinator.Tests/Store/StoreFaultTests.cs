using Microsoft.Data.Sqlite;
using Trainer.Coordinator.Api;
using Trainer.Coordinator.Store;

namespace Trainer.Coordinator.Tests.Store;

public sealed class StoreFaultTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_store_that_another_program_holds_says_so()
    {
        using var store = new ExplainingJobStore(SqliteJobStore.Open(_folder.Path), _folder.Path);
        using var other = new SqliteConnection($"Data Source={Path.Combine(_folder.Path, "jobs.db")};Pooling=false");
        other.Open();
        Execute(other, "BEGIN IMMEDIATE");

        var fault = await Assert.ThrowsAsync<StoreException>(async () => await store.InsertAsync(Samples.Row()));

        Assert.Equal($"Another program holds the coordinator's store {_folder.Path}. Try again once it lets go.", fault.Message);
        Assert.Equal(Grpc.Core.StatusCode.Unavailable, fault.Status);
        Execute(other, "ROLLBACK");
        Assert.Equal("j-1", (await store.InsertAsync(Samples.Row())).Id);
    }

    [Theory]
    [InlineData(13, "The disk of the coordinator's store /store is full. Make room there and try again.", Grpc.Core.StatusCode.ResourceExhausted)]
    [InlineData(5, "Another program holds the coordinator's store /store. Try again once it lets go.", Grpc.Core.StatusCode.Unavailable)]
    [InlineData(11, "The coordinator's store /store is damaged: text", Grpc.Core.StatusCode.DataLoss)]
    [InlineData(26, "The coordinator's store /store is damaged: text", Grpc.Core.StatusCode.DataLoss)]
    [InlineData(10, "The coordinator's store /store fails: text", Grpc.Core.StatusCode.Internal)]
    public async Task Each_cause_has_its_text_and_status(int code, string message, Grpc.Core.StatusCode status)
    {
        using var store = new ExplainingJobStore(new FailingStore(() => new SqliteException("text", code)), "/store");
        Func<Task>[] calls =
        [
            async () => await store.InsertAsync(Samples.Row()),
            async () => await store.FindAsync("j-1"),
            async () => await store.TakeTermAsync("j-1", 1, 2),
            async () => await store.SaveAsync(Samples.Row()),
            async () => await store.ListAsync(new JobQuery { Limit = 1 }),
            async () => await store.DeleteAsync("j-1"),
            async () => await store.ActiveIdsAsync(),
            async () => await store.AppendLogAsync("j-1", "job", "text", Samples.Noon),
            async () => await store.ReadLogAsync("j-1", 0, 1),
            () => Task.FromResult(store.CountByState()),
        ];

        foreach (var call in calls)
        {
            var fault = await Assert.ThrowsAsync<StoreException>(call);
            Assert.Equal((message, status), (fault.Message, fault.Status));
            Assert.Equal(status, ApiErrors.Store(fault).StatusCode);
        }
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
