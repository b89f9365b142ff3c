using Trainer.Kernels.Arithmetic;

namespace Trainer.Kernels.Devices.Cpu;

/// <summary>The hashes of several chunks whose values come a block at a time, of each the one that <see cref="HostHash"/> gives.</summary>
public sealed class RunningHashes(int chunks)
{
    private readonly float[] _states = new float[chunks * WeightHash.Lanes];
    private readonly int[] _lengths = new int[chunks];

    /// <summary>All chunks begin anew.</summary>
    public void Clear()
    {
        Array.Clear(_states);
        Array.Clear(_lengths);
    }

    /// <summary>The next block of a chunk: all but the last have a multiple of 64 values.</summary>
    public void Add(int chunk, ReadOnlySpan<float> values)
    {
        HostHash.Add(StatesOf(chunk), values);
        _lengths[chunk] += values.Length;
    }

    public ulong Of(int chunk) => HostHash.OfStates(StatesOf(chunk), _lengths[chunk]);

    private Span<float> StatesOf(int chunk) => _states.AsSpan(chunk * WeightHash.Lanes, WeightHash.Lanes);
}
