using System.Runtime.InteropServices;
using Trainer.Hosting.Run;

namespace Trainer.Cli.Local;

/// <summary>The few system calls that .NET has no words for.</summary>
internal static partial class Posix
{
    private const int SigTerm = 15;
    private const int SigKill = 9;
    private const int SigStop = 19;
    private const int ResourceData = 2;
    private const int LowestPriority = 19;

    /// <summary>Leaves the terminal's session and process group, so that its Ctrl-C and hang-up no longer come here.</summary>
    /// <remarks>Fails, harmlessly, for a process that leads a group already: a shell with job control gave it one of its own.</remarks>
    public static void LeaveTerminal() => SetSid();

    /// <summary>Asks a process to stop; false when that very process is gone.</summary>
    public static bool Terminate(ProcessIdentity process) => Send(process, SigTerm);

    public static bool Kill(ProcessIdentity process) => Send(process, SigKill);

    /// <summary>This process dies at once, as by <c>kill -9</c>.</summary>
    public static void KillSelf() => SendSignal(Environment.ProcessId, SigKill);

    /// <summary>This process stands still until it is told to go on, by SIGCONT.</summary>
    public static void StopSelf() => SendSignal(Environment.ProcessId, SigStop);

    /// <summary>From here on this process may have so many bytes of memory that is its own: who asks for more gets none. No fault where the system has no such limit.</summary>
    public static void LimitMemory(long bytes)
    {
        var limit = new ResourceLimit((nuint)bytes, (nuint)bytes);
        SetResourceLimit(ResourceData, in limit);
    }

    /// <summary>From here on this process computes when nobody else wants to.</summary>
    public static void YieldToOthers() => SetPriority(0, 0, LowestPriority);

    private static bool Send(ProcessIdentity process, int signal) => process.IsAlive && SendSignal(process.ProcessId, signal) == 0;

    [LibraryImport("libc", EntryPoint = "setsid", SetLastError = true)]
    private static partial int SetSid();

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int processId, int signal);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetResourceLimit(int resource, in ResourceLimit limit);

    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    private static partial int SetPriority(int which, uint who, int priority);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct ResourceLimit(nuint soft, nuint hard)
    {
        public readonly nuint Soft = soft;
        public readonly nuint Hard = hard;
    }
}
