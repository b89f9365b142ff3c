using Trainer.Hosting.Artifacts;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;

namespace Trainer.Node.States;

/// <summary>What a checkpoint's manifest says of its state and of the model, so that whoever has the checkpoint needs no data to use it.</summary>
public sealed record CheckpointFacts(TrainingProgress Progress, Model Model)
{
    /// <summary>Sums of the evaluation that the state follows; null: something was trained since.</summary>
    private PassSums? Test => Progress is { OpenEpoch.Samples: 0, Epochs: [.., { Test.Samples: > 0 } last] } ? last.Test : null;

    /// <summary>Whether the state is that at the end of an epoch, and no epoch before had its test accuracy.</summary>
    public bool IsBest => Test is { } test && Progress.Epochs.SkipLast(1).All(before => !(before.Test.Accuracy >= test.Accuracy));

    public CheckpointManifest On(CheckpointManifest manifest) => manifest with
    {
        Step = (ulong)Progress.Updates,
        Epochs = (uint)Progress.Epochs.Count,
        TestLoss = Test?.MeanLoss,
        TestAccuracy = Test?.Accuracy,
        Input = [.. Model.Input.Dimensions],
        Classes = Model.Classes,
    };
}
