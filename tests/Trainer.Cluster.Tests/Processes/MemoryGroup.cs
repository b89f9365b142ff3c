using System.Globalization;

namespace Trainer.Cluster.Tests.Processes;

/// <summary>A control group of the kernel's whose processes may hold so much memory together, as those of a container.</summary>
internal sealed class MemoryGroup : IDisposable
{
    private const string Controller = "/sys/fs/cgroup/memory";

    private readonly string _folder;

    private MemoryGroup(string folder) => _folder = folder;

    /// <summary>How often the kernel has killed a process of it since memory ran out.</summary>
    public int Kills => int.Parse(
        File.ReadLines(Path.Combine(_folder, "memory.oom_control")).Single(line => line.StartsWith("oom_kill ", StringComparison.Ordinal)).Split(' ')[1], CultureInfo.InvariantCulture);

    /// <summary>Skips the test where the kernel's groups are of the second version, or not this user's.</summary>
    public static MemoryGroup Create(long bytes)
    {
        Assert.SkipUnless(File.Exists(Path.Combine(Controller, "memory.limit_in_bytes")), "There is no memory controller of control groups, version 1: no limit was tried.");
        var folder = Path.Combine(Controller, $"trainer-{Guid.NewGuid():n}");
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, "memory.limit_in_bytes"), bytes.ToString(CultureInfo.InvariantCulture));
        }
        catch (UnauthorizedAccessException)
        {
            Assert.Skip("Only root can make a control group: no limit was tried.");
        }

        return new MemoryGroup(folder);
    }

    /// <summary>A program, and its arguments, that enters the group and becomes the command.</summary>
    public (string Program, string[] Arguments) Command(string[] command) => ("sh", ["-c", $"echo $$ > {_folder}/cgroup.procs && exec \"$@\"", "sh", .. command]);

    /// <summary>To be called when its processes are gone.</summary>
    public void Dispose() => Directory.Delete(_folder);
}
