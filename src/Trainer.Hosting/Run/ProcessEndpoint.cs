namespace Trainer.Hosting.Run;

/// <summary>What a running process tells others on its machine.</summary>
/// <param name="Name">coordinator, worker-0, ...</param>
/// <param name="Role">coordinator or worker.</param>
/// <param name="StartTicks">The process's start time (see <see cref="ProcessIdentity"/>): tells a process from a later one with its pid.</param>
/// <param name="Cluster">akka.tcp://trainer@host:port</param>
/// <param name="Grpc">http://host:port of the job API; null on nodes.</param>
/// <param name="Http">http://host:port of metrics and health.</param>
public sealed record ProcessEndpoint(string Name, string Role, int ProcessId, long StartTicks, string Cluster, string? Grpc, string Http)
{
    /// <summary>The file with the authority of the job API's certificate; null where it speaks in clear.</summary>
    public string? Authority { get; init; }

    /// <summary>The endpoint of the process that calls.</summary>
    public static ProcessEndpoint OfThisProcess(string name, string role, string cluster, string? grpc, string http) =>
        new(name, role, ProcessIdentity.Current.ProcessId, ProcessIdentity.Current.StartTicks, cluster, grpc, http);

    internal ProcessIdentity Process => new(ProcessId, StartTicks);
}
