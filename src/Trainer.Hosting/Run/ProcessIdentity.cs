using System.Diagnostics;
using System.Globalization;

namespace Trainer.Hosting.Run;

/// <summary>One life of a process. Kernels reuse pids, so a pid alone may name a stranger; with the start time it cannot.</summary>
/// <param name="StartTicks">On Linux field 22 of /proc/PID/stat (clock ticks since boot), elsewhere .NET ticks of the start time.</param>
public readonly record struct ProcessIdentity(int ProcessId, long StartTicks)
{
    public static ProcessIdentity Current { get; } = Of(Environment.ProcessId)
        ?? throw new InvalidOperationException($"The start time of process {Environment.ProcessId} (this one) cannot be read.");

    /// <summary>Whether this very process still runs; one that has ended and waits for its parent to notice does not.</summary>
    public bool IsAlive => Of(ProcessId) == this;

    /// <summary>The process that has the pid now; null if there is none.</summary>
    public static ProcessIdentity? Of(int processId)
    {
        if (processId <= 0)
        {
            return null;
        }

        var startTicks = OperatingSystem.IsLinux() ? StartTicksFromProc(processId) : StartTicksFromRuntime(processId);
        return startTicks is { } ticks ? new ProcessIdentity(processId, ticks) : null;
    }

    /// <summary>Fields 3 (state) and 22 (start time) of a line of /proc/PID/stat; the name in field 2 may hold spaces and parentheses.</summary>
    internal static (char State, long StartTicks) ParseStat(string stat)
    {
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (fields[0][0], long.Parse(fields[22 - 3], CultureInfo.InvariantCulture));
    }

    private static long? StartTicksFromProc(int processId)
    {
        try
        {
            var (state, ticks) = ParseStat(File.ReadAllText($"/proc/{processId}/stat"));
            return state is 'Z' or 'X' ? null : ticks;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null; // also ESRCH: it ended between open and read
        }
    }

    private static long? StartTicksFromRuntime(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return process.HasExited ? null : process.StartTime.ToUniversalTime().Ticks;
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }
}
