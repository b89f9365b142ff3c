namespace Trainer.Node.Worker;

/// <summary>Which machine this is.</summary>
public static class HostIdentity
{
    private const string BootId = "/proc/sys/kernel/random/boot_id";
    private const string MachineId = "/etc/machine-id";

    /// <summary>
    /// The kernel's boot id: workers on the same one link up over Unix-domain sockets. It is the same in all containers of a machine, where a socket's path may still not be
    /// reachable.
    /// </summary>
    public static string Current { get; } = Read(BootId) is { Length: > 0 } id ? id : Environment.MachineName;

    /// <summary>An id that outlives a restart, where the machine, or what is mounted of it into a container, has one; else <see cref="Current"/>. By it machines are in quarantine.</summary>
    public static string Machine { get; } = Read(MachineId) is { Length: > 0 } id ? id : Current;

    private static string Read(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path).Trim() : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
