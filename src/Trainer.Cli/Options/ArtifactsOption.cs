using System.CommandLine;
using Trainer.Hosting.Artifacts;

namespace Trainer.Cli.Options;

/// <summary>--artifacts: where jobs' files go.</summary>
internal static class ArtifactsOption
{
    /// <summary>Parses to a location as processes tell it each other.</summary>
    public static Option<string?> Create(string description) => new("--artifacts")
    {
        Description = $"{description} A bucket is reached as AWS's tools reach it: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL.",
        HelpName = "FOLDER|s3://BUCKET/PREFIX",
        CustomParser = given =>
        {
            if (ArtifactLocation.TryParse(given.Tokens[0].Value, out var location))
            {
                return location;
            }

            given.AddError($"--artifacts: expected {ArtifactLocation.Expected}, got '{given.Tokens[0].Value}'.");
            return null;
        },
    };
}
