using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Updates;

/// <summary>The hash of each chunk of 65,536 elements of a flat buffer; a piece of work is a chunk.</summary>
internal sealed unsafe class ChunkHashes<TSimd, TVector>(ThreadTeam team) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private long _elements;
    private float* _values;
    private ulong* _hashes;

    public void Execute(long elements, float* values, Span<ulong> hashes)
    {
        _elements = elements;
        _values = values;
        fixed (ulong* target = hashes)
        {
            _hashes = target;
            team.Run(this, hashes.Length);
        }
    }

    public override void Run(int piece, int thread)
    {
        var first = (long)piece * Chunk.Elements;
        var count = (int)Math.Min(Chunk.Elements, _elements - first);
        var states = stackalloc float[WeightHash.Lanes];
        new Span<float>(states, WeightHash.Lanes).Clear();
        ChunkHash<TSimd, TVector>.Add(states, _values + first, count);
        _hashes[piece] = ChunkHash<TSimd, TVector>.OfChunk(states, count);
    }
}
