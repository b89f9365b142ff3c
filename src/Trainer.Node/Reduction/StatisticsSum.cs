using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;

namespace Trainer.Node.Reduction;

/// <summary>What the passes of all members found out about every sample of a batch, by position: summed in double.</summary>
/// <remarks>A member's part holds the <see cref="SampleResults"/> of its local samples.</remarks>
internal sealed class StatisticsSum(int mostSamples)
{
    private readonly float[] _values = new float[SampleResults.Rows * mostSamples];
    private bool[] _added = [];
    private BatchSlice?[] _slices = [];
    private float[][] _parts = [];
    private ulong[] _hashes = [];
    private int _missing;

    public bool IsComplete => _missing == 0;

    public void Begin(int members)
    {
        _missing = members;
        Array.Resize(ref _added, members);
        Array.Resize(ref _slices, members);
        Array.Resize(ref _parts, members);
        Array.Resize(ref _hashes, members);
        Array.Clear(_added);
    }

    /// <summary>The ranks whose part is missing.</summary>
    public IEnumerable<int> Missing() => Enumerable.Range(0, _added.Length).Where(rank => !_added[rank]);

    /// <param name="hash">That the part should have.</param>
    /// <returns>False: the part has another length than the member's samples need, or is there already.</returns>
    public bool Add(int rank, BatchSlice? slice, ReadOnlySpan<float> part, ulong hash)
    {
        if (_added[rank] || part.Length != SampleResults.Rows * (slice?.LocalSamples ?? 0))
        {
            return false;
        }

        if (_parts[rank] is null || _parts[rank].Length < part.Length)
        {
            _parts[rank] = new float[part.Length];
        }

        part.CopyTo(_parts[rank]);
        (_added[rank], _slices[rank], _hashes[rank]) = (true, slice, hash);
        _missing--;
        return true;
    }

    public PassSums Sum(int samples)
    {
        var all = _values.AsSpan(0, SampleResults.Rows * samples);
        for (var rank = 0; rank < _added.Length; rank++)
        {
            Place(_slices[rank], new SampleResults(PartOf(rank)), all);
        }

        return default(PassSums).With(new SampleResults(all));
    }

    /// <summary>What <see cref="Sum"/> was made of, by position; until the next one.</summary>
    public ReadOnlyMemory<float> SamplesOf(int samples) => _values.AsMemory(0, SampleResults.Rows * samples);

    /// <summary>The first rank whose part is not what it made, to be asked after <see cref="Sum"/>; -1: none.</summary>
    public int FindSpoilt()
    {
        for (var rank = 0; rank < _added.Length; rank++)
        {
            if (HostHash.Of(PartOf(rank)) != _hashes[rank])
            {
                return rank;
            }
        }

        return -1;
    }

    private ReadOnlySpan<float> PartOf(int rank) => _parts[rank].AsSpan(0, SampleResults.Rows * (_slices[rank]?.LocalSamples ?? 0));

    private static void Place(BatchSlice? slice, in SampleResults part, Span<float> all)
    {
        var local = 0;
        for (var i = 0; i < (slice?.Roots.Count ?? 0); i++)
        {
            var root = slice!.Roots[i];
            part.CopyTo(local, slice.RootSamples(root), all, slice.FirstPosition(root.Lo));
            local += slice.RootSamples(root);
        }
    }
}
