using Trainer.Hosting.Artifacts;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;

namespace Trainer.Node.States;

/// <summary>What a checkpoint's manifest says of its state and of the model, so that whoever has the checkpoint needs no data to use it.</summary>
public sealed record CheckpointFacts(TrainingProgress Progress, Model Model)
{
    /// <summary>By label; null: they have no names, or those of a known data set.</summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>The epoch that has just been closed, with its evaluation; null: something was trained since.</summary>
    private EpochSums? Closed => Progress is { OpenEpoch.Samples: 0, Epochs: [.., { Test.Samples: > 0 } last] } ? last : null;

    /// <summary>Whether the state is that at the end of an epoch, and no epoch before was as good.</summary>
    public bool IsBest(BestMetric metric) => Closed is { } closed && Progress.Epochs.SkipLast(1).All(before => metric.IsBetter(ValueOf(metric, closed), ValueOf(metric, before)));

    public CheckpointManifest On(CheckpointManifest manifest) => manifest with
    {
        Step = (ulong)Progress.Updates,
        Epochs = (uint)Progress.Epochs.Count,
        TestLoss = Closed?.Test.MeanLoss,
        TestAccuracy = Closed?.Test.Accuracy,
        TrainLoss = Closed?.Train.MeanLoss,
        Input = [.. Model.Input.Dimensions],
        Classes = Model.Classes,
        ClassNames = ClassNames,
    };

    private static double ValueOf(BestMetric metric, in EpochSums epoch) => metric.Of(epoch.Test.Accuracy, epoch.Test.MeanLoss, epoch.Train.MeanLoss) ?? double.NaN;
}
