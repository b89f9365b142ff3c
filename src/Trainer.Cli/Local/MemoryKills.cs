using System.Globalization;

namespace Trainer.Cli.Local;

/// <summary>
/// Tells processes that the kernel killed for want of memory from others that SIGKILL ended. The kernel counts them: per control group where there are groups of version 2, else for
/// the machine. A kill is put down to one process that SIGKILL ended since the one before.
/// </summary>
/// <param name="counters">Files with a line <c>oom_kill N</c>, of which the first that is there counts.</param>
internal sealed class MemoryKills(IReadOnlyList<string> counters)
{
    private const int KilledCode = 128 + 9;
    private const string Counter = "oom_kill ";
    private const string GroupOfVersion2 = "0::";

    private readonly Lock _lock = new();
    private long _explained = Count(counters);

    /// <summary>Of this process's control group, and of those below it.</summary>
    public static MemoryKills OfThisMachine() => new([.. GroupFiles(), "/proc/vmstat"]);

    /// <summary>Whether a process ended by it.</summary>
    public bool Explains(int? exitCode)
    {
        lock (_lock)
        {
            if (exitCode != KilledCode || Count(counters) <= _explained)
            {
                return false;
            }

            _explained++;
            return true;
        }
    }

    private static IEnumerable<string> GroupFiles() => !File.Exists("/proc/self/cgroup") ? [] : File.ReadLines("/proc/self/cgroup").Where(line => line.StartsWith(GroupOfVersion2, StringComparison.Ordinal))
        .Select(line => $"/sys/fs/cgroup{line[GroupOfVersion2.Length..].TrimEnd('/')}/memory.events");

    private static long Count(IEnumerable<string> counters)
    {
        var line = counters.Where(File.Exists).Take(1).SelectMany(File.ReadLines).FirstOrDefault(line => line.StartsWith(Counter, StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line.AsSpan(Counter.Length), CultureInfo.InvariantCulture);
    }
}
