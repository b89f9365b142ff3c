using System.Text;
using Trainer.Hosting.Artifacts;
using Trainer.Kernels.Formats;
using Trainer.Protos;

namespace Trainer.Node.States;

/// <summary>
/// A job's results: <c>metrics.jsonl</c>, a line per epoch as training goes, and what the evaluations after the last and the best one found; at the end <c>model.safetensors</c> and, where the optimizer has a state,
/// <c>optimizer.safetensors</c>. Each file appears whole or not at all.
/// </summary>
/// <param name="artifacts">The job's.</param>
public sealed class ResultFiles(IArtifactStore artifacts)
{
    public string WeightsPath => artifacts.LocationOf(ArtifactNames.Weights);

    /// <summary>All epochs that are closed: whoever writes may not be who wrote those before.</summary>
    public void WriteMetrics(IEnumerable<EpochSummary> epochs) =>
        artifacts.Put(ArtifactNames.Metrics, Encoding.UTF8.GetBytes(string.Concat(epochs.Select(summary => ProtoJson.Line(ProtoJson.ToJson(summary)) + "\n"))));

    /// <summary>What the evaluation after the last epoch found, and that after the best; null: nothing new.</summary>
    public void WriteEvaluations(EpochEvaluation? last, EpochEvaluation? best)
    {
        foreach (var (name, evaluation) in new[] { (ArtifactNames.Evaluation, last), (ArtifactNames.BestEvaluation, best) })
        {
            if (evaluation is not null)
            {
                artifacts.Put(name, Encoding.UTF8.GetBytes($$"""{"epoch":{{evaluation.Epoch}},"step":{{evaluation.Step}},{{evaluation.Report.ToJson()[1..]}}""" + "\n"));
            }
        }
    }

    public void WriteFilters(IEnumerable<FilterRecord> filters)
    {
        foreach (var record in filters)
        {
            record.Write(artifacts);
        }
    }

    /// <returns>The file's SHA-256.</returns>
    public string WriteWeights(ResultWeights result)
    {
        using var file = artifacts.Create(ArtifactNames.Weights);
        Safetensors.WriteWeights(file, result.Layout, result.Weights, name => result.Batches[name], result.Facts);
        return file.Commit();
    }

    public void WriteOptimizer(ResultWeights result)
    {
        if (result.OptimizerNames.Count > 0)
        {
            using var file = artifacts.Create(ArtifactNames.OptimizerState);
            Safetensors.WriteOptimizer(file, result.Layout, result.OptimizerNames, result.OptimizerState, result.Updates, result.IsAverage);
            file.Commit();
        }
    }
}
