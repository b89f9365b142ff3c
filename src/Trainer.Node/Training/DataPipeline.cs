using Trainer.Kernels.Data;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;

namespace Trainer.Node.Training;

/// <summary>Brings the samples of a member's part of a batch into the network, in local order.</summary>
public sealed class DataPipeline(DataSet train, DataSet test, ulong seed, bool shuffle)
{
    private readonly int[] _order = new int[train.Count];
    private int _epoch;

    /// <summary>Tells data apart: equal for equal images and labels.</summary>
    public string Fingerprint { get; } = DataSet.Fingerprint(train, test);

    public DataSet Train => train;

    public DataSet Test => test;

    /// <summary>The local samples of the batch whose first sample is at <paramref name="first"/> in the epoch's order.</summary>
    public void FillBatch(int epoch, int first, BatchSlice slice, Network network)
    {
        if (_epoch != epoch)
        {
            EpochOrder.Fill(_order, seed, epoch, shuffle);
            _epoch = epoch;
        }

        var local = 0;
        for (var i = 0; i < slice.Roots.Count; i++)
        {
            var begin = first + slice.FirstPosition(slice.Roots[i].Lo);
            foreach (var sample in _order.AsSpan(begin, slice.RootSamples(slice.Roots[i])))
            {
                Read(train, sample, local++, network);
            }
        }
    }

    /// <summary>Test samples <paramref name="positions"/>, from the first on.</summary>
    public void FillTest(ReadOnlySpan<int> positions, Network network)
    {
        for (var local = 0; local < positions.Length; local++)
        {
            Read(test, positions[local], local, network);
        }
    }

    private static void Read(DataSet data, int sample, int local, Network network)
    {
        var pixels = (int)data.Shape.Elements;
        network.Labels[local] = data.Read(sample, network.Input.Slice(local * pixels, pixels));
    }
}
