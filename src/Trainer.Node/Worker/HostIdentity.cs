namespace Trainer.Node.Worker;

/// <summary>Which machine this is: workers on the same one link up over Unix-domain sockets.</summary>
public static class HostIdentity
{
    private const string BootId = "/proc/sys/kernel/random/boot_id";

    /// <summary>The kernel's boot id: the same in all containers of a machine, where a socket's path may still not be reachable.</summary>
    public static string Current { get; } = File.Exists(BootId) ? File.ReadAllText(BootId).Trim() : Environment.MachineName;
}
