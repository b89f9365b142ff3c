using Amazon.S3;
using Amazon.S3.Model;

namespace Trainer.Hosting.Artifacts;

/// <summary>
/// An object while it is written: in one piece if it is small, else in parts, which become the object at once when they are complete. Two parts are in memory at most, and nothing
/// lies on a disk. Bodies are sent as they are, not in signed chunks, which other stores than Amazon's take for content.
/// </summary>
/// <param name="key">In the bucket.</param>
/// <param name="name">In the store.</param>
internal sealed class S3Writer(S3Store store, IAmazonS3 s3, string bucket, string key, string name) : ArtifactWriter
{
    private const int PartBytes = 16 << 20; // Of 10,000 parts at most: objects of up to 156 GiB.

    private readonly MemoryStream _part = new();
    private readonly List<PartETag> _sent = [];
    private string? _upload;
    private bool _isPublished;

    protected override void Take(ReadOnlySpan<byte> more)
    {
        while (_part.Length + more.Length > PartBytes)
        {
            var fits = PartBytes - (int)_part.Length;
            _part.Write(more[..fits]);
            more = more[fits..];
            SendPart();
        }

        _part.Write(more);
    }

    protected override void Publish()
    {
        if (_upload is null)
        {
            _part.Position = 0;
            Do(() => s3.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = key, InputStream = _part, AutoCloseStream = false, UseChunkEncoding = false }));
        }
        else
        {
            SendPart();
            Do(() => s3.CompleteMultipartUploadAsync(new CompleteMultipartUploadRequest { BucketName = bucket, Key = key, UploadId = _upload, PartETags = _sent }));
        }

        _isPublished = true;
    }

    protected override void Abandon()
    {
        _part.Dispose();
        if (_upload is null || _isPublished)
        {
            return;
        }

        try
        {
            Do(() => s3.AbortMultipartUploadAsync(bucket, key, _upload));
        }
        catch (IOException)
        {
            // What was sent is no object; the bucket's rules clear it away.
        }
    }

    private void SendPart()
    {
        _upload ??= Do(() => s3.InitiateMultipartUploadAsync(bucket, key)).UploadId;
        _part.Position = 0;
        var number = _sent.Count + 1;
        var part = Do(() => s3.UploadPartAsync(new UploadPartRequest { BucketName = bucket, Key = key, UploadId = _upload, PartNumber = number, InputStream = _part, PartSize = _part.Length, UseChunkEncoding = false }));
        _sent.Add(new PartETag(number, part.ETag));
        _part.SetLength(0);
    }

    private T Do<T>(Func<Task<T>> request) => store.Do(name, request);
}
