using Trainer.Kernels.Data;

namespace Trainer.Node.Training;

/// <summary>The order of the training samples in the epoch that was last asked for.</summary>
internal sealed class TrainingOrder(int samples, ulong seed, bool shuffle)
{
    private readonly int[] _order = new int[samples];
    private int _epoch;

    public ReadOnlySpan<int> Of(int epoch)
    {
        if (_epoch != epoch)
        {
            EpochOrder.Fill(_order, seed, epoch, shuffle);
            _epoch = epoch;
        }

        return _order;
    }
}
