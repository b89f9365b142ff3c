using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Devices.Cpu.Elementwise;

/// <summary>One pass of stochastic gradient descent that also hashes the new weights. A piece of work is a chunk of 65,536 elements.</summary>
/// <remarks>
/// Hash of a chunk: element i steps a 32-bit state in virtual lane i mod 16 (see <see cref="ISimd{TVector}.HashStep"/>; lanes beyond the end
/// take in +0), and the 16 states are mixed into 64 bits in order. Chunks' hashes are mixed in order, so threads leave no trace.
/// </remarks>
internal sealed unsafe class SgdWork<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int HashLanes = 16;

    private long _elements;
    private float* _weights;
    private float* _total;
    private float* _velocity;
    private float _learningRate;
    private float _momentum;
    private float _weightDecay;
    private ulong* _hashes;

    public ulong Execute(
        long elements, float* weights, float* total, float* velocity, float learningRate, float momentum, float weightDecay)
    {
        _elements = elements;
        _weights = weights;
        _total = total;
        _velocity = velocity;
        (_learningRate, _momentum, _weightDecay) = (learningRate, momentum, weightDecay);
        var chunks = checked((int)((elements + ParameterLayout.ChunkElements - 1) / ParameterLayout.ChunkElements));
        _hashes = (ulong*)scratch.Shared(2L * chunks);
        team.Run(this, chunks);
        var hash = (ulong)elements;
        for (var chunk = 0; chunk < chunks; chunk++)
        {
            hash = Mix(hash, _hashes[chunk]);
        }

        return hash;
    }

    public override void Run(int piece, int thread)
    {
        var first = (long)piece * ParameterLayout.ChunkElements;
        var count = (int)Math.Min(ParameterLayout.ChunkElements, _elements - first);
        var states = stackalloc float[HashLanes];
        new Span<float>(states, HashLanes).Clear();
        UpdateChunk(first, count, states);
        var hash = (ulong)count;
        for (var lane = 0; lane < HashLanes; lane++)
        {
            hash = Mix(hash, BitConverter.SingleToUInt32Bits(states[lane]));
        }

        _hashes[piece] = hash;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void UpdateChunk(long first, int count, float* states)
    {
        for (var i = 0; i < count; i += HashLanes)
        {
            for (var lane = 0; lane < HashLanes; lane += TSimd.Lanes)
            {
                var left = Math.Clamp(count - i - lane, 0, TSimd.Lanes);
                var weights = Update(first + i + lane, left);
                TSimd.Store(states + lane, TSimd.HashStep(TSimd.Load(states + lane), weights));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TVector Update(long index, int count)
    {
        var w = TSimd.LoadFirst(_weights + index, count);
        var step = TSimd.LoadFirst(_total + index, count);
        if (_weightDecay != 0)
        {
            step = TSimd.MultiplyAdd(TSimd.Broadcast(_weightDecay), w, step);
        }

        if (_velocity != null)
        {
            step = TSimd.MultiplyAdd(TSimd.Broadcast(_momentum), TSimd.LoadFirst(_velocity + index, count), step);
            TSimd.StoreFirst(_velocity + index, step, count);
        }

        w = TSimd.MultiplyAdd(TSimd.Broadcast(-_learningRate), step, w);
        TSimd.StoreFirst(_weights + index, w, count);
        return w;
    }

    /// <summary>The finalizer of SplitMix64 over state and value: every input bit reaches every output bit.</summary>
    private static ulong Mix(ulong state, ulong value)
    {
        var z = (state * 0x9E3779B97F4A7C15UL) + value;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
