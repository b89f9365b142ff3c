using System.Runtime.InteropServices;

namespace Trainer.Cluster.Tests.Chaos;

/// <summary>Signals to processes of the cluster.</summary>
internal static partial class Signals
{
    private const int SigKill = 9;
    private const int SigTerm = 15;
    private const int SigCont = 18;
    private const int SigStop = 19;

    public static bool Kill(int process) => Send(process, SigKill) == 0;

    public static bool Terminate(int process) => Send(process, SigTerm) == 0;

    public static bool Stop(int process) => Send(process, SigStop) == 0;

    public static bool Continue(int process) => Send(process, SigCont) == 0;

    /// <summary>Whether it stands still.</summary>
    public static bool IsStopped(int process)
    {
        try
        {
            var line = File.ReadAllText($"/proc/{process}/stat");
            return line[(line.LastIndexOf(')') + 2)..].StartsWith('T');
        }
        catch (IOException)
        {
            return false; // It is gone.
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Send(int process, int signal);
}
