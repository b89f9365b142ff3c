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
    private int _missing;

    public bool IsComplete => _missing == 0;

    public void Begin(int members)
    {
        _missing = members;
        Array.Resize(ref _added, members);
        Array.Clear(_added);
    }

    /// <summary>The ranks whose part is missing.</summary>
    public IEnumerable<int> Missing() => Enumerable.Range(0, _added.Length).Where(rank => !_added[rank]);

    /// <returns>False: the part has another length than the member's samples need, or is there already.</returns>
    public bool Add(int rank, BatchSlice? slice, ReadOnlySpan<float> part)
    {
        var count = slice?.LocalSamples ?? 0;
        if (_added[rank] || part.Length != Values * count)
        {
            return false;
        }

        var local = 0;
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

        _added[rank] = true;
        _missing--;
        return true;
    }

    public PassSums Sum(int samples) => default(PassSums).With(
        new SampleResults(_loss.AsSpan(0, samples), _weight.AsSpan(0, samples), _correct.AsSpan(0, samples), _counted.AsSpan(0, samples)));
}
