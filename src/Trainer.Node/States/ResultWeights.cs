using Trainer.Kernels.Formats;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;

namespace Trainer.Node.States;

/// <summary>A copy of what a job's result is written of: however long its store takes, and whatever becomes of the network meanwhile.</summary>
/// <param name="Batches">What each num_batches_tracked is, by its name.</param>
public sealed record ResultWeights(
    Model Model, ParameterLayout Layout, float[] Weights, IReadOnlyDictionary<string, long> Batches, IReadOnlyList<string> OptimizerNames, float[] OptimizerState, long Updates)
{
    /// <summary>What the file of weights says beside them; null: nothing.</summary>
    public ArtifactFacts? Facts { get; init; }

    /// <summary>Whether the weights are the average of those that the optimizer's state belongs to.</summary>
    public bool IsAverage { get; init; }

    public static ResultWeights Of(Network network, Optimizer optimizer) => new(
        network.Model,
        network.Layout,
        network.State.ResultWeights.ToArray(),
        network.Layout.StateDict.Where(entry => entry.Slot is null).ToDictionary(entry => entry.Name, entry => network.BatchesTracked(entry.Name), StringComparer.Ordinal),
        optimizer.StateNames,
        network.State.OptimizerState.ToArray(),
        network.State.Progress.Updates)
    {
        IsAverage = network.State.UsesAverage,
    };
}
