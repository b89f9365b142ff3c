using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;

namespace Trainer.Node.Reduction;

/// <summary>Loss, weight, correctness and whether it counts of every sample of a batch, by position: gathered from all members, summed in double.</summary>
/// <remarks>A member's part holds the losses of its local samples, then their weights, then 1 or 0 for each, twice: 4 n float32.</remarks>
internal sealed class StatisticsSum(int mostSamples)
{
    /// <summary>Values of a sample.</summary>
    public const int Values = 4;

    private readonly float[] _loss = new float[mostSamples];
    private readonly float[] _weight = new float[mostSamples];
    private readonly float[] _correct = new float[mostSamples];
    private readonly float[] _counted = new float[mostSamples];
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
        if (_added[rank] || part.Length != Values * (slice?.LocalSamples ?? 0))
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
        for (var rank = 0; rank < _added.Length; rank++)
        {
            Place(_slices[rank], PartOf(rank));
        }

        return default(PassSums).With(
            new SampleResults(_loss.AsSpan(0, samples), _weight.AsSpan(0, samples), _correct.AsSpan(0, samples), _counted.AsSpan(0, samples)));
    }

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

    private ReadOnlySpan<float> PartOf(int rank) => _parts[rank].AsSpan(0, Values * (_slices[rank]?.LocalSamples ?? 0));

    private void Place(BatchSlice? slice, ReadOnlySpan<float> part)
    {
        var (count, local) = (slice?.LocalSamples ?? 0, 0);
        for (var i = 0; i < (slice?.Roots.Count ?? 0); i++)
        {
            var root = slice!.Roots[i];
            var (first, samples) = (slice.FirstPosition(root.Lo), slice.RootSamples(root));
            part.Slice(local, samples).CopyTo(_loss.AsSpan(first));
            part.Slice(count + local, samples).CopyTo(_weight.AsSpan(first));
            part.Slice((2 * count) + local, samples).CopyTo(_correct.AsSpan(first));
            part.Slice((3 * count) + local, samples).CopyTo(_counted.AsSpan(first));
            local += samples;
        }
    }
}
