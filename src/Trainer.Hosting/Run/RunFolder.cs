namespace Trainer.Hosting.Run;

/// <summary>What a running process tells others on its machine.</summary>
/// <param name="Name">coordinator, worker-0, ...</param>
/// <param name="Role">coordinator or worker.</param>
/// <param name="StartTicks">The process's start time as the kernel counts it (field 22 of /proc/PID/stat): tells a process from a later one with its pid.</param>
/// <param name="Cluster">akka.tcp://trainer@host:port</param>
/// <param name="Grpc">http://host:port of the job API; null on nodes.</param>
/// <param name="Http">http://host:port of metrics and health.</param>
public sealed record ProcessEndpoint(string Name, string Role, int ProcessId, long StartTicks, string Cluster, string? Grpc, string Http);

/// <summary>
/// A private folder (0700) through which the processes of a local cluster find each other:
/// <c>token</c> (what the job API wants to see), <c>endpoints/NAME.json</c> (who runs where), <c>links/</c> (Unix-domain sockets).
/// </summary>
public sealed class RunFolder
{
    private RunFolder(string path) => Path = path;

    public string Path { get; }

    /// <summary>Secret that every call of the job API carries: <c>authorization: Bearer TOKEN</c>.</summary>
    public string Token => throw new NotImplementedException();

    /// <summary>Where link sockets go; short enough for sun_path (108 bytes) wherever the run folder is.</summary>
    public string LinksFolder => throw new NotImplementedException();

    /// <summary>Creates folder and token unless they are there; refuses a folder that others may enter or that is somebody else's.</summary>
    public static RunFolder OpenOrCreate(string path) => throw new NotImplementedException();

    /// <summary>The endpoints of processes that are alive, by name.</summary>
    public IReadOnlyList<ProcessEndpoint> Endpoints() => throw new NotImplementedException();

    /// <summary>Publishes atomically; disposing withdraws.</summary>
    public IDisposable Publish(ProcessEndpoint endpoint) => throw new NotImplementedException();
}
