using Amazon;
using Amazon.Runtime;
using Amazon.S3;

namespace Trainer.Hosting.Artifacts;

/// <summary>How buckets are reached. Credentials are found as AWS's own tools find them: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, the role of a pod or a machine.</summary>
/// <param name="Endpoint">Of a store that is not Amazon's; null: Amazon's of the region.</param>
/// <param name="Region">Null: us-east-1, or what the endpoint has.</param>
public sealed record S3Access(string? Endpoint = null, string? Region = null)
{
    private const string UsualRegion = "us-east-1";
    private const int Retries = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <param name="environment">Of the process: AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, AWS_REGION or AWS_DEFAULT_REGION.</param>
    public static S3Access Of(Func<string, string?> environment)
    {
        string? First(params string[] names) => names.Select(environment).FirstOrDefault(value => !string.IsNullOrEmpty(value));
        return new S3Access(First("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"), First("AWS_REGION", "AWS_DEFAULT_REGION"));
    }

    /// <param name="credentials">Null: as AWS's tools find them.</param>
    public IAmazonS3 Connect(AWSCredentials? credentials = null)
    {
        var config = new AmazonS3Config
        {
            MaxErrorRetry = Retries,
            Timeout = Patience,
            // What other stores than Amazon's understand.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (Endpoint is null)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(Region ?? UsualRegion);
        }
        else
        {
            (config.ServiceURL, config.AuthenticationRegion, config.ForcePathStyle) = (Endpoint, Region ?? UsualRegion, true);
        }

        return credentials is null ? new AmazonS3Client(config) : new AmazonS3Client(credentials, config);
    }
}
