using Trainer.Kernels.Data;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Training;

/// <summary>What an epoch or an evaluation came to. Loss is the mean over samples; accuracy 0..1.</summary>
public readonly record struct EpochResult(double Loss, double Accuracy, double ImagesPerSecond);

/// <summary>Trains a model on one device: the same arithmetic, and so the same bits, as a job on a cluster.</summary>
public sealed class LocalTrainer : IDisposable
{
    public LocalTrainer(Model model, Device device, IOptimizer optimizer, int batchSize, ulong seed = 0, int? shards = null) =>
        throw new NotImplementedException();

    public Network Network => throw new NotImplementedException();

    /// <summary>One pass over the set in the epoch's order; epochs count from 1.</summary>
    public EpochResult TrainEpoch(DataSet data, bool shuffle = true) => throw new NotImplementedException();

    public EpochResult Evaluate(DataSet data) => throw new NotImplementedException();

    /// <summary>Writes the weights atomically as safetensors and returns the file's SHA-256 in lower-case hex.</summary>
    public string Save(string path) => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
