using System.Text.Json;
using Trainer.Cli.Api;
using Trainer.Cli.Artifacts;
using Trainer.Cli.Errors;
using Trainer.Cli.Follow;
using Trainer.Hosting.Artifacts;
using Trainer.Protos;

namespace Trainer.Cli.Trackers;

/// <summary>Writes a job of the cluster as a run of TensorBoard.</summary>
internal static class TensorBoardExport
{
    /// <summary>Takes the place of what an earlier export of the job wrote.</summary>
    /// <exception cref="CliException">No such job, or the folder cannot be written.</exception>
    public static async Task<(string File, long Steps)> WriteAsync(string id, ClusterAddress address, string folder, CancellationToken stop)
    {
        using var client = await ClusterClient.OpenAsync(address, stop);
        var job = await client.CallAsync((cluster, options) => cluster.Jobs.GetJobAsync(new GetJobRequest { Id = id }, options), stop);
        var reports = await ReportsAsync(client, id, stop);
        var file = Path.Combine(folder, TensorBoardRun.FolderOf(job), TensorBoardRun.FileOf(job));
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            long steps;
            await using (var stream = File.Create($"{file}.part"))
            {
                steps = await TensorBoardRun.WriteAsync(stream, job, StepsAsync(address, id, stop), reports);
            }

            File.Move($"{file}.part", file, overwrite: true);
            return (file, steps);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"{folder} cannot be written: {e.Message}", inner: e);
        }
    }

    private static async Task<IReadOnlyList<(string, EvaluationFile)>> ReportsAsync(ClusterClient client, string id, CancellationToken stop)
    {
        var there = await client.CallAsync((cluster, options) => cluster.Jobs.ListArtifactsAsync(new ListArtifactsRequest { Id = id }, options), stop);
        var reports = new List<(string, EvaluationFile)>();
        foreach (var (name, artifact) in new[] { ("best", ArtifactNames.BestEvaluation), ("last", ArtifactNames.Evaluation) }.Where(one => there.Artifacts.Any(file => file.Name == one.Item2)))
        {
            try
            {
                reports.Add((name, EvaluationFile.Read(await SmallArtifact.ReadAsync(client, id, artifact, stop))));
            }
            catch (JsonException unreadable)
            {
                throw new CliException($"{artifact} of job {id} cannot be read: {unreadable.Message}", inner: unreadable);
            }
        }

        return reports;
    }

    private static async IAsyncEnumerable<StepMetrics> StepsAsync(ClusterAddress address, string id, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        var request = new StreamMetricsRequest { Id = id };
        var steps = new ReconnectingStream<StepMetrics>(address, (client, options) => client.Jobs.StreamMetrics(request, options), complete: () => true, TimeSpan.FromMinutes(1));
        await foreach (var (step, _) in steps.ReadAsync(stop))
        {
            if (step is not null)
            {
                request.AfterStep = step.Step;
                yield return step;
            }
        }
    }
}
