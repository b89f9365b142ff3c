using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Updates;

/// <summary>The sum of squares of a flat buffer. A piece of work is a chunk of 65,536 elements, in Form L; chunks are added in order.</summary>
internal sealed unsafe class SquaredNorm<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private long _elements;
    private float* _values;
    private float* _sums;

    public float Execute(long elements, float* values)
    {
        _elements = elements;
        _values = values;
        var chunks = Chunk.CountOf(elements);
        _sums = scratch.Shared(chunks);
        team.Run(this, chunks);
        var total = 0f;
        for (var chunk = 0; chunk < chunks; chunk++)
        {
            total += _sums[chunk];
        }

        return total;
    }

    public override void Run(int piece, int thread)
    {
        var first = (long)piece * Chunk.Elements;
        var count = Math.Min(Chunk.Elements, _elements - first);
        _sums[piece] = LaneSum<TSimd, TVector, SquareTerm<TSimd, TVector>>.Of(_values + first, _values + first, 0, 0, count);
    }
}
