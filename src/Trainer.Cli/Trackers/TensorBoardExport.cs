using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Follow;
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
        var file = Path.Combine(folder, TensorBoardRun.FolderOf(job), TensorBoardRun.FileOf(job));
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            long steps;
            await using (var stream = File.Create($"{file}.part"))
            {
                steps = await TensorBoardRun.WriteAsync(stream, job, StepsAsync(address, id, stop));
            }

            File.Move($"{file}.part", file, overwrite: true);
            return (file, steps);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"{folder} cannot be written: {e.Message}", inner: e);
        }
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
