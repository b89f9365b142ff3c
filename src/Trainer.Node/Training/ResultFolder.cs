using Trainer.Kernels.Formats;
using Trainer.Kernels.Training;
using Trainer.Protos;
using Optimizer = Trainer.Kernels.Training.Optimizer;

namespace Trainer.Node.Training;

/// <summary>
/// A job's results: <c>metrics.jsonl</c>, a line per epoch as training goes; at the end <c>model.safetensors</c> and, where the optimizer has a state,
/// <c>optimizer.safetensors</c>. Written by rank 0.
/// </summary>
internal sealed class ResultFolder
{
    private readonly string _folder;

    /// <summary>Begins anew: what an earlier generation wrote is of epochs that are trained again.</summary>
    public ResultFolder(string folder)
    {
        _folder = folder;
        Directory.CreateDirectory(folder);
        File.Delete(MetricsPath);
    }

    public string WeightsPath => Path.Combine(_folder, "model.safetensors");

    public string OptimizerPath => Path.Combine(_folder, "optimizer.safetensors");

    public string MetricsPath => Path.Combine(_folder, "metrics.jsonl");

    public void Append(EpochSummary summary) => File.AppendAllText(MetricsPath, ProtoJson.Line(ProtoJson.ToJson(summary)) + "\n");

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
