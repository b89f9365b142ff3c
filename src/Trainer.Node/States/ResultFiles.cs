using System.Text;
using Trainer.Hosting.Artifacts;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Training;
using Trainer.Protos;
using Optimizer = Trainer.Kernels.Training.Optimizer;

namespace Trainer.Node.States;

/// <summary>
/// A job's results: <c>metrics.jsonl</c>, a line per epoch as training goes; at the end <c>model.safetensors</c> and, where the optimizer has a state,
/// <c>optimizer.safetensors</c>. Each file appears whole or not at all.
/// </summary>
/// <param name="artifacts">The job's.</param>
public sealed class ResultFiles(IArtifactStore artifacts)
{
    public string WeightsPath => artifacts.LocationOf(ArtifactNames.Weights);

    /// <summary>All epochs that are closed: whoever writes may not be who wrote those before.</summary>
    public void WriteMetrics(IEnumerable<EpochSummary> epochs) =>
        artifacts.Put(ArtifactNames.Metrics, Encoding.UTF8.GetBytes(string.Concat(epochs.Select(summary => ProtoJson.Line(ProtoJson.ToJson(summary)) + "\n"))));

    /// <returns>The file's SHA-256.</returns>
    public string WriteWeights(Network network)
    {
        using var file = artifacts.Create(ArtifactNames.Weights);
        Safetensors.WriteWeights(file, network.Layout, network.State.Weights, network.BatchesTracked);
        return file.Commit();
    }

    public void WriteOptimizer(Network network, Optimizer optimizer)
    {
        if (optimizer.StateBuffers > 0)
        {
            using var file = artifacts.Create(ArtifactNames.OptimizerState);
            Safetensors.WriteOptimizer(file, network.Layout, optimizer.StateNames, network.State.OptimizerState, network.State.Progress.Updates);
            file.Commit();
        }
    }
}
