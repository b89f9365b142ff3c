using System.Diagnostics;

namespace Trainer.Kernels.Tests.GpuCheck;

/// <summary>Times calls that a device runs in its own time.</summary>
internal static class Timing
{
    private const int Rounds = 5;

    /// <summary>
    /// The least mean of several rounds of calls, each round long enough that waiting for its end costs nothing; one call of those that are long enough by themselves.
    /// </summary>
    public static double LeastMilliseconds(Action call, Action wait, double seconds)
    {
        Round(call, wait, 1); // compiles
        var once = Round(call, wait, 1);
        if (once > seconds * 1e3)
        {
            return once;
        }

        var calls = (int)Math.Clamp(seconds * 1e3 / Rounds / once, 1, 1000);
        return Enumerable.Range(0, Rounds).Min(_ => Round(call, wait, calls));
    }

    private static double Round(Action call, Action wait, int calls)
    {
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < calls; i++)
        {
            call();
        }

        wait();
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds / calls;
    }
}
