using Trainer.Cli.Local;
using Trainer.Hosting.Run;

namespace Trainer.Cli.Api;

/// <summary>Where the cluster is: at a fixed endpoint, or wherever the run folder says its coordinator is now.</summary>
internal sealed record ClusterAddress(Uri? Endpoint, string? TokenFile, string RunFolder)
{
    /// <summary>Asked again for every connection, because a coordinator that was restarted has another port.</summary>
    /// <exception cref="CliException">No cluster there.</exception>
    public (Uri Endpoint, string? Token) Resolve()
    {
        if (Endpoint is not null)
            return (Endpoint, TokenFile is null ? null : Cli.TokenFile.Read(TokenFile));
        var folder = Hosting.Run.RunFolder.TryOpen(RunFolder);
        var grpc = folder?.Endpoints().Select(endpoint => endpoint.Grpc).FirstOrDefault(grpc => grpc is not null)
            ?? throw NotThere(folder);
        return (new Uri(grpc), TokenFile is null ? folder!.Token : Cli.TokenFile.Read(TokenFile));
    }

    private CliException NotThere(RunFolder? folder) => folder is not null && LocalClusterRecord.Find(folder) is not null
        ? new CliException(
            "The cluster's coordinator is not there yet: it is starting, or starting again.",
            ExitCode.Unreachable,
            "Try again in a few seconds; `trainer doctor` tells what is running.")
        : new CliException(
            $"No cluster is running here ({RunFolder} has no living coordinator).",
            ExitCode.Unreachable,
            "Start one with: trainer up --detach\nFor a cluster elsewhere, give --endpoint and --token-file.");
}
