using Trainer.Coordinator.Api;
using Trainer.Hosting.Artifacts;

namespace Trainer.Coordinator.Tests.Api;

public sealed class ArtifactReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>While it is skipped what the client has already, the thread waits for nobody.</summary>
    [Fact(Timeout = 60_000)]
    public async Task A_client_that_leaves_ends_its_reading_at_once()
    {
        const ulong length = 1UL << 40; // Would take hours.
        var file = Path.Combine(_folder.Path, "model.safetensors");
        using (var sparse = File.Create(file))
        {
            sparse.SetLength((long)length);
        }

        using var reader = new ArtifactReader();
        for (var round = 0; round < 3; round++)
        {
            var clients = Enumerable.Range(0, 16).Select(_ => reader.ReadAsync(new FolderStore(_folder.Path), "model.safetensors", length, TestContext.Current.CancellationToken).GetAsyncEnumerator()).ToList();
            foreach (var client in clients)
            {
                Assert.True(await client.MoveNextAsync());
                Assert.Equal(length, client.Current.Bytes);
            }

            var next = ReadFirstAsync(reader);
            Assert.False(next.IsCompleted); // It waits for a place.
            await clients[0].DisposeAsync();
            await next;
            foreach (var client in clients)
            {
                await client.DisposeAsync();
            }

            while (reader.Reading > 0)
            {
                await Task.Delay(10, TestContext.Current.CancellationToken);
            }
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_client_that_takes_nothing_loses_its_place()
    {
        using (var sparse = File.Create(Path.Combine(_folder.Path, "model.safetensors")))
        {
            sparse.SetLength(100 << 20);
        }

        using var reader = new ArtifactReader(TimeSpan.FromMilliseconds(50));
        await using var client = reader.ReadAsync(new FolderStore(_folder.Path), "model.safetensors", 0, TestContext.Current.CancellationToken).GetAsyncEnumerator();
        Assert.True(await client.MoveNextAsync());
        while (reader.Reading > 0)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        var lost = await Assert.ThrowsAsync<Grpc.Core.RpcException>(async () =>
        {
            while (await client.MoveNextAsync())
            {
            }
        });
        Assert.Equal("Nothing of the file was taken for 0 s, and others wait. Go on from the offset that you have.", lost.Status.Detail);
    }

    private async Task ReadFirstAsync(ArtifactReader reader)
    {
        await using var one = reader.ReadAsync(new FolderStore(_folder.Path), "model.safetensors", 0, TestContext.Current.CancellationToken).GetAsyncEnumerator();
        await one.MoveNextAsync();
    }
}
