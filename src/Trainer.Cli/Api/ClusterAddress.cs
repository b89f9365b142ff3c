using Trainer.Cli.Errors;
using Trainer.Cli.Home;
using Trainer.Cli.Output;

namespace Trainer.Cli.Api;

/// <summary>Where the cluster is: at fixed endpoints, one of each coordinator, or wherever the run folder says its coordinator is now.</summary>
internal sealed record ClusterAddress(IReadOnlyList<Uri>? Endpoints, string? TokenFile, string RunFolder)
{
    /// <summary>The file with the cluster's authority; null: the system knows it.</summary>
    public string? Authority { get; init; }

    /// <summary>How long a supervisor may take to start a coordinator again.</summary>
    public static readonly TimeSpan RestartsWithin = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    /// <summary>Whether a supervisor is alive that starts a coordinator again: then it is worth waiting for one.</summary>
    public bool IsSupervised => Endpoints is null && Hosting.Run.RunFolder.TryOpen(RunFolder) is { } run && LocalClusterRecord.Find(run) is { Ready: true };

    /// <summary>Whether the coordinator of a run folder is alive; true of a cluster elsewhere, which only a call can tell.</summary>
    public bool HasCoordinator => Endpoints is not null || Coordinator() is not null;

    /// <summary>Where the coordinator at an endpoint shows its pages; null: it cannot be told.</summary>
    public Uri? PagesOf(Uri endpoint) => Endpoints is null
        ? Hosting.Run.RunFolder.TryOpen(RunFolder)?.Endpoints().FirstOrDefault(process => process.Grpc is not null)?.Http is { } http ? new Uri(http) : null
        : endpoint.Scheme == "https" ? endpoint : null;

    /// <summary>Asked again for every connection, because a coordinator that was restarted has another port.</summary>
    /// <exception cref="CliException">No cluster there.</exception>
    public async Task<(IReadOnlyList<Uri> Endpoints, string? Token, string? Authority)> ResolveAsync(CancellationToken stop)
    {
        if (Endpoints is not null)
        {
            return (Endpoints, TokenFile is null ? null : Api.TokenFile.Read(TokenFile), Authority);
        }

        var since = TimeProvider.System.GetTimestamp();
        while (IsSupervised && Coordinator() is null && TimeProvider.System.GetElapsedTime(since) < RestartsWithin)
        {
            await Task.Delay(Poll, stop);
        }

        var (grpc, token, authority) = Coordinator() ?? throw NotThere();
        return ([grpc], TokenFile is null ? token : Api.TokenFile.Read(TokenFile), Authority ?? authority);
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

    private (Uri Grpc, string Token, string? Authority)? Coordinator()
    {
        var run = Hosting.Run.RunFolder.TryOpen(RunFolder);
        var coordinator = run?.Endpoints().FirstOrDefault(endpoint => endpoint.Grpc is not null);
        return coordinator is null ? null : (new Uri(coordinator.Grpc!), run!.Token, coordinator.Authority);
    }
}
