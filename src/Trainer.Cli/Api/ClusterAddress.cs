using Trainer.Cli.Errors;
using Trainer.Cli.Home;
using Trainer.Cli.Output;

namespace Trainer.Cli.Api;

/// <summary>Where the cluster is: at fixed endpoints, one of each coordinator, or wherever the run folder says its coordinator is now.</summary>
internal sealed record ClusterAddress(IReadOnlyList<Uri>? Endpoints, string? TokenFile, string RunFolder)
{
    /// <summary>How long a supervisor may take to start a coordinator again.</summary>
    private static readonly TimeSpan RestartsWithin = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    /// <summary>Whether a supervisor is alive that starts a coordinator again: then it is worth waiting for one.</summary>
    public bool IsSupervised => Endpoints is null && Hosting.Run.RunFolder.TryOpen(RunFolder) is { } run && LocalClusterRecord.Find(run) is { Ready: true };

    /// <summary>Asked again for every connection, because a coordinator that was restarted has another port.</summary>
    /// <exception cref="CliException">No cluster there.</exception>
    public async Task<(IReadOnlyList<Uri> Endpoints, string? Token)> ResolveAsync(CancellationToken stop)
    {
        if (Endpoints is not null)
        {
            return (Endpoints, TokenFile is null ? null : Api.TokenFile.Read(TokenFile));
        }

        var since = TimeProvider.System.GetTimestamp();
        while (IsSupervised && Coordinator() is null && TimeProvider.System.GetElapsedTime(since) < RestartsWithin)
        {
            await Task.Delay(Poll, stop);
        }

        var (grpc, token) = Coordinator() ?? throw NotThere();
        return ([grpc], TokenFile is null ? token : Api.TokenFile.Read(TokenFile));
    }

    private CliException NotThere() => IsSupervised
        ? new CliException(
            $"The cluster's coordinator has not come back within {Words.Duration(RestartsWithin.TotalSeconds)}.",
            ExitCode.Unreachable,
            "Its log tells why; trainer doctor tells what is running.")
        : new CliException(
            $"No cluster is running here ({RunFolder} has no living coordinator).",
            ExitCode.Unreachable,
            "Start one with: trainer up --detach\nFor a cluster elsewhere, give --endpoint and --token-file.");

    private (Uri Grpc, string Token)? Coordinator()
    {
        var run = Hosting.Run.RunFolder.TryOpen(RunFolder);
        var grpc = run?.Endpoints().Select(endpoint => endpoint.Grpc).FirstOrDefault(grpc => grpc is not null);
        return grpc is null ? null : (new Uri(grpc), run!.Token);
    }
}
