using Amazon.S3;

namespace Trainer.Hosting.Artifacts;

/// <summary>Opens stores by their location. Buckets are reached with what the process was given once, when the first is opened.</summary>
/// <param name="connect">Makes the client for buckets.</param>
public sealed class ArtifactStores(Func<IAmazonS3> connect) : IDisposable
{
    private readonly Lazy<IAmazonS3> _s3 = new(connect);

    /// <param name="location">As <see cref="ArtifactLocation.TryParse"/> gives it, or below such a one.</param>
    public IArtifactStore Open(string location)
    {
        if (!ArtifactLocation.IsBucket(location))
        {
            return new FolderStore(location);
        }

        var (bucket, prefix) = ArtifactLocation.Split(location);
        return new S3Store(_s3.Value, bucket, prefix);
    }

    public void Dispose()
    {
        if (_s3.IsValueCreated)
        {
            _s3.Value.Dispose();
        }
    }
}
