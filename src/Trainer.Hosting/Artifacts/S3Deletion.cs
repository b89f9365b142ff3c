using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace Trainer.Hosting.Artifacts;

/// <summary>Deletes objects of a bucket, up to 1,000 with a request (DeleteObjects). Of a store that does not know it, one after the other from then on.</summary>
internal sealed class S3Deletion(IAmazonS3 s3, string bucket)
{
    private const int MostOfRequest = 1000;

    private bool _isUnknown;

    /// <summary>Whether they are there or not.</summary>
    /// <param name="keys">In the bucket.</param>
    /// <exception cref="IOException">Some were not deleted: the first of them, with what the store said of it.</exception>
    /// <exception cref="AmazonS3Exception">The store refuses a request.</exception>
    public async Task RunAsync(IReadOnlyList<string> keys)
    {
        foreach (var some in keys.Chunk(MostOfRequest))
        {
            if (some.Length > 1 && !_isUnknown && await TryTogetherAsync(some))
            {
                continue;
            }

            foreach (var key in some)
            {
                await s3.DeleteObjectAsync(bucket, key);
            }
        }
    }

    /// <returns>Whether the store knows how.</returns>
    private async Task<bool> TryTogetherAsync(IEnumerable<string> keys)
    {
        try
        {
            await s3.DeleteObjectsAsync(new DeleteObjectsRequest { BucketName = bucket, Quiet = true, Objects = [.. keys.Select(key => new KeyVersion { Key = key })] });
            return true;
        }
        catch (DeleteObjectsException some)
        {
            List<DeleteError> left = [.. (some.Response.DeleteErrors ?? []).Where(error => error.Code != "NoSuchKey")];
            return left.Count == 0 ? true : throw new IOException(
                $"{ArtifactLocation.Scheme}{bucket}/{left[0].Key}: {left[0].Code}: {left[0].Message}{(left.Count > 1 ? $" So it is with {left.Count - 1:N0} more." : "")}", some);
        }
        catch (AmazonS3Exception refused) when (refused.StatusCode is HttpStatusCode.NotImplemented or HttpStatusCode.MethodNotAllowed || refused.ErrorCode is "NotImplemented" or "MethodNotAllowed" or "MissingContentMD5")
        {
            _isUnknown = true;
            return false;
        }
    }
}
