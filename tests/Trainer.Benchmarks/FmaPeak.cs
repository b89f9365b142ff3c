using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Benchmarks;

/// <summary>The most GFLOP/s that the device's threads reach: the widest micro-kernel on panels that stay in the first-level cache.</summary>
internal sealed unsafe class FmaPeak : ParallelWork, IDisposable
{
    private const int Depth = 128;
    private const int Repeats = 2000;
    private const int PiecesPerThread = 4;

    private readonly ThreadTeam _team;
    private readonly MicroKernel _kernel;
    private readonly int _panelElements;
    private readonly float* _panels;

    public FmaPeak(int threads)
    {
        _team = new ThreadTeam(threads);
        _kernel = InstructionSets.Best switch
        {
            InstructionSet.Avx512 => MicroKernelChoice<Avx512Simd, Vector512<float>>.At(0),
            InstructionSet.Avx2 => MicroKernelChoice<Avx2Simd, Vector256<float>>.At(0),
            _ => MicroKernelChoice<PortableSimd, Vector128<float>>.At(0),
        };
        _panelElements = (Depth * (_kernel.Rows + _kernel.Columns)) + MicroKernel.LargestTile;
        _panels = (float*)NativeMemory.AlignedAlloc((nuint)(threads * _panelElements * sizeof(float)), 64);
        new Span<float>(_panels, threads * _panelElements).Fill(0.5f);
    }

    public double Measure()
    {
        var best = 0.0;
        for (var i = 0; i < 3; i++)
        {
            var pieces = _team.Count * PiecesPerThread;
            var start = Stopwatch.GetTimestamp();
            _team.Run(this, pieces);
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            best = Math.Max(best, 2.0 * _kernel.Rows * _kernel.Columns * Depth * Repeats * pieces / seconds / 1e9);
        }

        return best;
    }

    public override void Run(int piece, int thread)
    {
        var a = _panels + (thread * _panelElements);
        var b = a + (Depth * _kernel.Rows);
        var tile = b + (Depth * _kernel.Columns);
        for (var i = 0; i < Repeats; i++)
        {
            _kernel.Run(Depth, a, b, tile);
        }
    }

    public void Dispose()
    {
        _team.Dispose();
        NativeMemory.AlignedFree(_panels);
    }
}
