namespace Trainer.Kernels.Devices.Cpu.Threading;

/// <summary>The parts of a machine whose processors share a memory that is near to them (non-uniform memory access).</summary>
public static class NumaNodes
{
    private const string Allowed = "Cpus_allowed_list:";

    /// <summary>Of each node the processors that this process may use; a node without one is left out. One for all where the kernel tells of none.</summary>
    public static IReadOnlyList<Processors> List() => List("/sys/devices/system/node", "/proc/self/status");

    /// <param name="nodes">The kernel's folder of nodes.</param>
    /// <param name="status">The kernel's file of what the process may use.</param>
    internal static IReadOnlyList<Processors> List(string nodes, string status)
    {
        var allowed = File.Exists(status) ? File.ReadLines(status).Where(line => line.StartsWith(Allowed, StringComparison.Ordinal)).Select(line => Processors.Parse(line[Allowed.Length..])).FirstOrDefault() : null;
        allowed ??= Processors.Parse($"0-{Environment.ProcessorCount - 1}");
        List<Processors> found = [.. Folders(nodes).Select(folder => Processors.Parse(File.ReadAllText(Path.Combine(folder, "cpulist"))).Among(allowed)).Where(processors => processors.Count > 0)];
        return found.Count > 0 ? found : [allowed];
    }

    private static IEnumerable<string> Folders(string nodes) => !Directory.Exists(nodes) ? [] : Directory.EnumerateDirectories(nodes, "node*")
        .Where(folder => File.Exists(Path.Combine(folder, "cpulist")))
        .OrderBy(folder => folder.Length).ThenBy(folder => folder, StringComparer.Ordinal);
}
