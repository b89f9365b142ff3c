using Trainer.Kernels.Data;

namespace Trainer.Node.Training;

/// <summary>The order of the training samples in the epoch that was last asked for.</summary>
internal sealed class TrainingOrder(DataSet train, ulong seed, bool shuffle)
{
    private readonly int[] _order = new int[train.Count];
    private int _epoch;

    public ReadOnlySpan<int> Of(int epoch)
    {
        if (_epoch != epoch)
        {
            train.FillEpoch(_order, seed, epoch, shuffle);
            _epoch = epoch;
        }

        return _order;
    }
}
