using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace Trainer.Hosting.Artifacts;

/// <summary>Files in a bucket of S3, or of a store that speaks as S3 does.</summary>
/// <param name="prefix">Of the keys in the bucket; empty, or without a '/' at its end.</param>
public sealed class S3Store(IAmazonS3 s3, string bucket, string prefix) : IArtifactStore
{
    private readonly S3Deletion _deletion = new(s3, bucket);

    public string Location => prefix.Length > 0 ? $"{ArtifactLocation.Scheme}{bucket}/{prefix}" : $"{ArtifactLocation.Scheme}{bucket}";

    public TimeSpan AppendInterval => TimeSpan.FromSeconds(5);

    public long? FreeBytes() => null;

    public ArtifactWriter Create(string key) => new S3Writer(this, s3, bucket, KeyOf(key), key);

    public IArtifactLog OpenLog(string key) => new Log(this, key);

    public ArtifactFile? Find(string key) => Ask(key, async () =>
    {
        var found = await s3.GetObjectMetadataAsync(bucket, KeyOf(key));
        return new ArtifactFile(key, found.ContentLength, Time(found.LastModified));
    });

    public ArtifactContent? Open(string key, long offset = 0)
    {
        if (offset > 0 && Find(key) is { } whole)
        {
            // A range that begins at the end is refused.
            return offset >= whole.Bytes ? new ArtifactContent(whole, Stream.Null) : Get(key, new ByteRange(offset, whole.Bytes - 1)) is { } part ? part with { File = whole } : null;
        }

        return Get(key, null);
    }

    public IReadOnlyList<ArtifactFile> List(string key)
    {
        var request = new ListObjectsV2Request { BucketName = bucket, Prefix = KeyOf(key) is { Length: > 0 } below ? below + "/" : "" };
        var files = new List<ArtifactFile>();
        do
        {
            var page = Do(key, () => s3.ListObjectsV2Async(request));
            files.AddRange((page.S3Objects ?? []).Select(file => new ArtifactFile(file.Key[KeyOf("").Length..].TrimStart('/'), file.Size ?? 0, Time(file.LastModified))));
            request.ContinuationToken = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (request.ContinuationToken is not null);
        return [.. files.OrderBy(file => file.Key, StringComparer.Ordinal)]; // Not every store has them in order.
    }

    public void SweepUnfinished(DateTimeOffset before)
    {
        var request = new ListMultipartUploadsRequest { BucketName = bucket, Prefix = KeyOf("") is { Length: > 0 } below ? below + "/" : "" };
        do
        {
            var page = Do("", () => s3.ListMultipartUploadsAsync(request));
            foreach (var upload in (page.MultipartUploads ?? []).Where(upload => Time(upload.Initiated) < before))
            {
                Do("", () => s3.AbortMultipartUploadAsync(bucket, upload.Key, upload.UploadId));
            }

            (request.KeyMarker, request.UploadIdMarker) = page.IsTruncated == true ? (page.NextKeyMarker, page.NextUploadIdMarker) : (null, null);
        }
        while (request.KeyMarker is not null);
    }

    public void Delete(string key)
    {
        string[] files = [.. key.Length > 0 ? [key, .. List(key).Select(file => file.Key)] : List(key).Select(file => file.Key)];
        Do(key, async () =>
        {
            await _deletion.RunAsync([.. files.Select(KeyOf)]);
            return files.Length;
        });
    }

    /// <summary>Runs a request to its end: who calls may wait.</summary>
    /// <exception cref="IOException">It failed, with what the store said.</exception>
    internal T Do<T>(string key, Func<Task<T>> request)
    {
        try
        {
            return request().GetAwaiter().GetResult();
        }
        catch (Exception e) when (IsFault(e))
        {
            throw new IOException($"{this.LocationOf(key)}: {Text(e)}", e);
        }
    }

    private static bool IsFault(Exception e) => e is AmazonServiceException or AmazonClientException or HttpRequestException or OperationCanceledException or TimeoutException;

    private static string Text(Exception e) => e switch
    {
        AmazonServiceException { ErrorCode.Length: > 0 } refused => $"{refused.ErrorCode}: {refused.Message}",
        OperationCanceledException or TimeoutException => "The store does not answer.",
        _ => e.Message,
    };

    private ArtifactContent? Get(string key, ByteRange? range) => Ask(key, async () =>
    {
        var found = await s3.GetObjectAsync(new GetObjectRequest { BucketName = bucket, Key = KeyOf(key), ByteRange = range });
        return new ArtifactContent(new ArtifactFile(key, found.ContentLength, Time(found.LastModified)), new S3Content(found, this.LocationOf(key)));
    });

    // Null where nothing is.
    private T? Ask<T>(string key, Func<Task<T>> request)
        where T : class
    {
        try
        {
            return Do(key, request);
        }
        catch (IOException e) when (e.InnerException is AmazonS3Exception { StatusCode: HttpStatusCode.NotFound } missing && missing.ErrorCode != "NoSuchBucket")
        {
            return null;
        }
    }

    private string KeyOf(string key) => prefix.Length == 0 ? key : key.Length == 0 ? prefix : $"{prefix}/{key}";

    private static DateTimeOffset Time(DateTime? modified) => modified is { } time ? new DateTimeOffset(time.ToUniversalTime()) : DateTimeOffset.UnixEpoch;

    /// <summary>What a broken connection throws is an <see cref="IOException"/> here too.</summary>
    private sealed class S3Content(GetObjectResponse response, string location) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => response.ContentLength;

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            try
            {
                return response.ResponseStream.Read(buffer, offset, count);
            }
            catch (Exception e) when (IsFault(e))
            {
                throw new IOException($"{location}: {Text(e)}", e);
            }
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                response.Dispose();
            }

            base.Dispose(disposing);
        }
    }

    // An object cannot grow: each time the whole is put.
    private sealed class Log(S3Store store, string key) : IArtifactLog
    {
        private byte[] _content = [];

        public void Append(ReadOnlySpan<byte> more)
        {
            byte[] next = [.. _content, .. more];
            store.Put(key, next);
            _content = next;
        }
    }
}
