using Dapper;
using Npgsql;
using Trainer.Coordinator.Store;

namespace Trainer.Coordinator.Tests.Store;

/// <summary>A server that the tests of a class share.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private PostgresServer? _server;

    internal PostgresServer Server
    {
        get
        {
            Assert.SkipWhen(_server is null, PostgresServer.Missing);
            return _server;
        }
    }

    public async ValueTask InitializeAsync() => _server = await PostgresServer.StartAsync();

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? default;
}

public sealed class PostgresJobStoreTests : JobStoreSuite, IClassFixture<PostgresFixture>
{
    private readonly string _database;

    public PostgresJobStoreTests(PostgresFixture fixture)
        : this(fixture.Server.NewDatabase())
    {
    }

    private PostgresJobStoreTests(string database)
        : base(StoreAddress.Parse(database)) => _database = database;

    [Fact]
    public void A_database_of_a_later_version_is_left_alone()
    {
        Close();
        using (var source = NpgsqlDataSource.Create(PostgresServer.ConnectionString(_database)))
        using (var connection = source.OpenConnection())
        {
            connection.Execute("INSERT INTO schema_version (version) VALUES (99)");
        }

        var error = Assert.Throws<StoreException>(() => StoreAddress.Parse(_database).Open());
        Assert.Equal($"{StoreAddress.Parse(_database)} has schema version 99, this program knows {Migrations.Of("Postgres").Count}: it was written by a later version.", error.Message);
    }

    [Fact]
    public async Task Coordinators_that_start_together_move_the_schema_once()
    {
        Close();
        using (var source = NpgsqlDataSource.Create(PostgresServer.ConnectionString(_database)))
        using (var connection = source.OpenConnection())
        {
            connection.Execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
        }

        var stores = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => StoreAddress.Parse(_database).Open())));
        await stores[0].InsertAsync(Samples.Row());
        Assert.Equal(["j-1"], await stores[2].ActiveIdsAsync());
        Array.ForEach(stores, store => store.Dispose());
    }

    [Fact]
    public void A_database_that_is_not_there_is_named()
    {
        var address = StoreAddress.Parse(_database.Replace("@/t", "@/nowhere", StringComparison.Ordinal));
        var error = Assert.Throws<StoreException>(() => address.Open());
        Assert.StartsWith($"{address} cannot be used: 3D000: database \"nowhere", error.Message, StringComparison.Ordinal);
    }
}
