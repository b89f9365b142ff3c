using System.Numerics;
using System.Runtime.InteropServices;

namespace Trainer.Coordinator.Api;

/// <summary>
/// The stretches that a curve is thinned out by. Wide ones are made of whole runs of steps, a power of two in each: their extremes come to the same, whether steps are looked at or what is known of runs. A stretch is
/// wider by an eighth at most for that.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct CurveGrid
{
    private const int RunsOfStretch = 8;

    private readonly ulong _origin;
    private readonly ulong _width;

    /// <param name="first">Step, from 1 on.</param>
    /// <param name="last">Step.</param>
    /// <param name="most">Points that may stay, of which a stretch has two; at least 2. All stay where there are no more.</param>
    public CurveGrid(ulong first, ulong last, uint most)
    {
        var (steps, stretches) = (last - first + 1, most / 2);
        (_origin, _width, Run) = (first, 1, 1);
        if (steps <= most)
        {
            return;
        }

        _width = (steps + stretches - 1) / stretches;
        Run = 1UL << Math.Max(0, BitOperations.Log2(_width) - BitOperations.Log2(RunsOfStretch));
        (_origin, _width) = (first - ((first - 1) % Run), (_width + Run - 1) / Run * Run);
        while (StretchOf(last) >= stretches)
        {
            _width += Run;
        }
    }

    /// <summary>So many steps in line, from 1 on, are in one stretch.</summary>
    public ulong Run { get; }

    public ulong StretchOf(ulong step) => (step - _origin) / _width;
}
