using Trainer.Cli.Home;
using Trainer.Hosting.Run;

namespace Trainer.Cli.Local;

/// <summary>
/// The right to be the supervisor of a run folder: a lock that the kernel drops when its holder ends in whatever way, so that nothing has to be
/// cleaned up by hand. The file of the lock goes with it.
/// </summary>
internal sealed class SupervisorClaim : IDisposable
{
    private readonly RunFolder _run;
    private readonly FileStream _lock;

    private SupervisorClaim(RunFolder run, FileStream locked)
    {
        _run = run;
        _lock = locked;
    }

    /// <returns>Null when somebody else has it.</returns>
    public static SupervisorClaim? TryTake(RunFolder run)
    {
        var path = LockFile(run);
        while (true)
        {
            FileStream locked;
            try
            {
                locked = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None); // flock(LOCK_EX | LOCK_NB)
            }
            catch (IOException)
            {
                return null;
            }
            if (File.Exists(path))
                return new SupervisorClaim(run, locked);
            locked.Dispose(); // its holder removed it between our open and our lock: take a new one
        }
    }

    public void Dispose()
    {
        LocalClusterRecord.Remove(_run);
        File.Delete(LockFile(_run));
        _lock.Dispose();
    }

    private static string LockFile(RunFolder run) => Path.Combine(run.Path, "cluster.lock");
}
