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
public sealed class ResultFolder
{
    private readonly string _folder;

    public ResultFolder(string folder)
    {
        _folder = folder;
        Directory.CreateDirectory(folder);
    }

    public string WeightsPath => Path.Combine(_folder, ArtifactNames.Weights);

    public string OptimizerPath => Path.Combine(_folder, ArtifactNames.OptimizerState);

    public string MetricsPath => Path.Combine(_folder, ArtifactNames.Metrics);

    /// <summary>All epochs that are closed: whoever writes may not be who wrote those before.</summary>
    public void WriteMetrics(IEnumerable<EpochSummary> epochs)
    {
        var lines = string.Concat(epochs.Select(summary => ProtoJson.Line(ProtoJson.ToJson(summary)) + "\n"));
        using var file = new AtomicFile(MetricsPath);
        file.Stream.Write(Encoding.UTF8.GetBytes(lines));
        file.Commit();
    }

    /// <returns>The file's SHA-256.</returns>
    public string WriteWeights(Network network) => Safetensors.WriteWeights(WeightsPath, network.Layout, network.State.Weights, network.BatchesTracked);

    public void WriteOptimizer(Network network, Optimizer optimizer)
    {
        if (optimizer.StateBuffers > 0)
        {
            Safetensors.WriteOptimizer(OptimizerPath, network.Layout, optimizer.StateNames, network.State.OptimizerState, network.State.Progress.Updates);
        }
    }
}
