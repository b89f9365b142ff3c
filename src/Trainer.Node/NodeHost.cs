using Trainer.Hosting.Run;

namespace Trainer.Node;

/// <summary>Everything a node process is told; filled by the command line, the only composition root.</summary>
public sealed record NodeOptions
{
    /// <summary>The worker's name, unique in the cluster: worker-0.</summary>
    public required string Name { get; init; }

    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Ports; 0 takes any free one.</summary>
    public int ClusterPort { get; init; }

    public int HttpPort { get; init; }

    public int LinkPort { get; init; }

    /// <summary>akka.tcp://trainer@host:port of the coordinators; empty: the run folder tells.</summary>
    public IReadOnlyList<string> Seeds { get; init; } = [];

    public RunFolder? Run { get; init; }

    /// <summary>Compute threads of the worker; 0: one per processor.</summary>
    public int Threads { get; init; }

    /// <summary>cpu.</summary>
    public string Device { get; init; } = "cpu";

    public bool Insecure { get; init; }
}

/// <summary>A node process: one worker, its links and its place in the cluster, metrics and health.</summary>
public static class NodeHost
{
    /// <summary>Runs until cancelled; the result is the process's exit code.</summary>
    public static Task<int> RunAsync(NodeOptions options, CancellationToken stop) => throw new NotImplementedException();
}
