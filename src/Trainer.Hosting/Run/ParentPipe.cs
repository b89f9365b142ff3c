namespace Trainer.Hosting.Run;

/// <summary>
/// Ties a process to its parent: the parent holds the other end of its standard input and never writes. When the parent closes it, or ends
/// in whatever way (kill -9 too), the kernel delivers end of file, and the child stops.
/// </summary>
public static class ParentPipe
{
    /// <summary>Calls <paramref name="closed"/> once, on a thread of its own, when standard input ends.</summary>
    /// <param name="grace">How long the process may take to stop after that; then it kills itself: nothing survives its parent.</param>
    public static void Watch(Action closed, TimeSpan grace) =>
        Watch(Console.OpenStandardInput(), closed, () =>
        {
            Thread.Sleep(grace);
            OwnProcess.EndAtOnce();
        });

    /// <summary>As above for any pipe; <paramref name="afterwards"/> runs after <paramref name="closed"/>, even if that throws.</summary>
    internal static void Watch(Stream pipe, Action closed, Action afterwards)
    {
        // A thread, not a task: the pool may be busy or blocked, and this must always work.
        var watcher = new Thread(() =>
        {
            WaitForEnd(pipe);
            try
            {
                closed();
            }
            finally
            {
                afterwards();
            }
        })
        { IsBackground = true, Name = "parent-pipe" };
        watcher.Start();
    }

    private static void WaitForEnd(Stream pipe)
    {
        Span<byte> ignored = stackalloc byte[64];
        try
        {
            while (pipe.Read(ignored) > 0)
            {
            }
        }
        catch (IOException)
        {
            // A pipe that cannot be read any more has no parent behind it either.
        }
    }
}
