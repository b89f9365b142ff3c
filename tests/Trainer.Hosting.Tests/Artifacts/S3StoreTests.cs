using Amazon.Runtime;
using Amazon.S3;
using Trainer.Hosting.Artifacts;
using Trainer.Tests.Artifacts;

namespace Trainer.Hosting.Tests.Artifacts;

/// <summary>Against s3rver.</summary>
[Trait("Category", "Long")]
public sealed class S3StoreTests : ArtifactStoreSuite, IAsyncLifetime
{
    private S3Server? _server;
    private ArtifactStores? _stores;

    protected override IArtifactStore Store => _stores!.Open($"s3://{S3Server.Bucket}/jobs/j-1");

    public async ValueTask InitializeAsync()
    {
        _server = await S3Server.StartAsync();
        _stores = new ArtifactStores(() => Connect(_server.Endpoint));
    }

    public async ValueTask DisposeAsync()
    {
        _stores?.Dispose();
        await (_server?.DisposeAsync() ?? default);
    }

    [Fact]
    public void What_the_store_says_is_in_the_exception()
    {
        var lost = Assert.Throws<IOException>(() => _stores!.Open("s3://nosuch/jobs").Put("a", "1"u8));
        Assert.StartsWith("s3://nosuch/jobs/a: NoSuchBucket: ", lost.Message);
    }

    [Fact]
    public void A_whole_bucket_is_a_store_too()
    {
        Store.Put("a", "1"u8);
        var all = _stores!.Open($"s3://{S3Server.Bucket}");
        Assert.Equal("jobs/j-1/a", Assert.Single(all.List("")).Key);
        Assert.Equal($"s3://{S3Server.Bucket}/jobs/j-1/a", all.LocationOf("jobs/j-1/a"));
    }

    [Fact]
    public void A_store_that_is_not_there_is_an_IOException()
    {
        using var stores = new ArtifactStores(() => Connect("http://127.0.0.1:1"));
        Assert.StartsWith("s3://training/a: ", Assert.Throws<IOException>(() => stores.Open("s3://training").Find("a")).Message);
    }

    private static IAmazonS3 Connect(string endpoint) => new S3Access(endpoint).Connect(new BasicAWSCredentials(S3Server.Key, S3Server.Key));
}
