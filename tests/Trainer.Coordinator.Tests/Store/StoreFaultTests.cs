using Microsoft.Data.Sqlite;
using Npgsql;
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
        using var store = new SqliteAddress(_folder.Path).Open();
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
    public void Each_cause_has_its_text_and_status(int code, string message, Grpc.Core.StatusCode status)
    {
        var fault = SqliteDialect.Explain(new SqliteException("text", code), "/store");

        Assert.Equal((message, status), (fault.Message, fault.Status));
        Assert.Equal(status, ApiErrors.Store(fault).StatusCode);
    }

    [Theory]
    [InlineData("53100", "The disk of the coordinator's store postgres://h:1/d is full. Make room there and try again.", "STORE_FULL")]
    [InlineData("55P03", "Another program holds the coordinator's store postgres://h:1/d. Try again once it lets go.", "STORE_LOCKED")]
    [InlineData("XX001", "The coordinator's store postgres://h:1/d is damaged: XX001: text", "STORE_CORRUPT")]
    [InlineData("42P01", "The coordinator's store postgres://h:1/d fails: 42P01: text", "STORE_FAILED")]
    [InlineData("57P01", "The coordinator's store postgres://h:1/d does not answer: text. Try again; what trains goes on meanwhile.", "STORE_UNAVAILABLE")]
    [InlineData("53300", "The coordinator's store postgres://h:1/d does not answer: text. Try again; what trains goes on meanwhile.", "STORE_UNAVAILABLE")]
    public void Each_cause_of_PostgreSQL_has_its_text_and_reason(string state, string message, string reason)
    {
        var fault = PostgresDialect.Explain(new PostgresException("text", "ERROR", "ERROR", state), "postgres://h:1/d");

        Assert.Equal((message, reason), (fault.Message, fault.Reason));
    }

    [Fact]
    public void Silence_of_PostgreSQL_is_told_as_such()
    {
        var fault = PostgresDialect.Explain(new NpgsqlException("Exception while reading", new TimeoutException()), "postgres://h:1/d");

        Assert.Equal("The coordinator's store postgres://h:1/d does not answer: it is silent. Try again; what trains goes on meanwhile.", fault.Message);
        Assert.Equal(Grpc.Core.StatusCode.Unavailable, fault.Status);
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
