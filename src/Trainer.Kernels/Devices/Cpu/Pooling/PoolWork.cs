using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Devices.Cpu.Pooling;

/// <summary>
/// What pooling has in common either way: a piece of work is a run of planes (a channel of a sample each); along a row, neighbouring outputs are
/// the lanes of a vector. For that, columns are kept by phase, column modulo stride: the pixels which one tap of the window meets are neighbours there.
/// </summary>
internal abstract unsafe class PoolWork<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork, IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int RunElements = 16_384;

    private readonly NativeBuffer _tables = new();
    private int _samples;
    private int _runPlanes;

    protected Pool2dGeometry G { get; private set; }

    /// <summary>G.P, which takes a division to find, worked out once; likewise <see cref="Q"/>.</summary>
    protected int P { get; private set; }

    protected int Q { get; private set; }

    protected Scratch Scratch => scratch;

    /// <summary>Max pooling, else average.</summary>
    protected bool IsMax { get; private set; }

    protected bool CountsPad { get; private set; }

    /// <summary>Per tap s of the window: its phase's place in a row, plus how many columns of that phase it lies beyond the first.</summary>
    protected int* TapPlaces { get; private set; }

    /// <summary>Per output column: pixels of its window's row, for the average; for the largest, the first tap that meets the image.</summary>
    protected float* ColumnValues { get; private set; }

    public void Dispose() => _tables.Dispose();

    public override void Run(int piece, int thread)
    {
        var channels = G.C;
        var end = Math.Min(_samples * channels, (piece + 1) * _runPlanes);
        Prepare(thread);
        for (var plane = piece * _runPlanes; plane < end; plane++)
        {
            RunPlane(plane / channels, plane % channels, thread);
        }
    }

    /// <param name="phaseColumns">Elements of a phase in a row.</param>
    protected void Execute(in Pool2dGeometry g, int samples, bool isMax, bool countsPad, int phaseColumns)
    {
        (G, P, Q) = (g, g.P, g.Q);
        (_samples, IsMax, CountsPad) = (samples, isMax, countsPad);
        _runPlanes = Math.Max(1, RunElements / (g.H * g.W));
        TapPlaces = _tables.Ensure<int>((long)g.S + Q + CpuMemory.Slack);
        ColumnValues = (float*)(TapPlaces + g.S);
        for (var s = 0; s < g.S; s++)
        {
            TapPlaces[s] = (s * g.DilationW % g.StrideW * phaseColumns) + (s * g.DilationW / g.StrideW);
        }

        for (var q = 0; q < Q; q++)
        {
            var left = (q * g.StrideW) - g.PadW;
            ColumnValues[q] = isMax ? FirstTap(left) : Pixels(left, g.S, g.W, g.PadW);
        }

        scratch.EnsureOwn(OwnElements());
        team.Run(this, checked(((samples * g.C) + _runPlanes - 1) / _runPlanes));
    }

    /// <summary>Pixels that an average divides by, along one dimension, for a window that starts at <paramref name="first"/>.</summary>
    protected int Pixels(int first, int window, int size, int pad) => CountsPad
        ? Math.Min(first + window, size + pad) - first
        : Math.Min(first + window, size) - Math.Max(first, 0);

    protected abstract long OwnElements();

    /// <summary>Readies a thread's scratch memory for planes of this shape.</summary>
    protected abstract void Prepare(int thread);

    protected abstract void RunPlane(int sample, int channel, int thread);

    private int FirstTap(int left) => left >= 0 ? 0 : Math.Min(G.S - 1, (-left + G.DilationW - 1) / G.DilationW);
}
