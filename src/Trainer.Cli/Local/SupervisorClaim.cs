using Trainer.Cli.Home;
using Trainer.Hosting.Run;

namespace Trainer.Cli.Local;

/// <summary>The right to be the supervisor of a run folder.</summary>
internal sealed class SupervisorClaim : IDisposable
{
    private readonly RunFolder _run;
    private readonly FileLock _lock;

    private SupervisorClaim(RunFolder run, FileLock taken)
    {
        _run = run;
        _lock = taken;
    }

    /// <returns>Null when somebody else has it.</returns>
    public static SupervisorClaim? TryTake(RunFolder run) => FileLock.TryTake(LockFile(run)) is { } taken ? new SupervisorClaim(run, taken) : null;

    /// <summary>The process that has it; null where nobody does.</summary>
    public static int? Holder(RunFolder run) => FileLock.Holder(LockFile(run));

    public void Dispose()
    {
        LocalClusterRecord.Remove(_run);
        _lock.Dispose();
    }

    private static string LockFile(RunFolder run) => Path.Combine(run.Path, "cluster.lock");
}
