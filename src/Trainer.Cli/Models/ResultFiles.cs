using System.Security.Cryptography;
using Trainer.Cli.Api;
using Trainer.Cli.Artifacts;
using Trainer.Cli.Errors;
using Trainer.Cli.Home;
using Trainer.Cli.Output;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Run;
using Trainer.Protos;

namespace Trainer.Cli.Models;

/// <summary>The files of a job that succeeded: where the cluster wrote them, if that is to be seen from here, else fetched from it, once.</summary>
internal sealed class ResultFiles(Shell shell)
{
    /// <exception cref="CliException">They cannot be had.</exception>
    public async Task<TrainedModel> FindAsync(Job job, Result result, ClusterAddress address, CancellationToken stop)
    {
        if (IsThere(result))
        {
            return TrainedModel.Of(job, result, result.WeightsPath);
        }

        var folder = Path.Combine(LocalFolders.Of(shell.Environment).Downloads, job.Id);
        var artifacts = new ArtifactDownload(address);
        var there = await artifacts.ListAsync(job.Id, stop);
        var weights = await FetchAsync(ArtifactNames.Weights)
            ?? throw new CliException($"There are no weights of job {job.Id}: no {ArtifactNames.Weights} is in its folder, where the cluster wrote {result.WeightsPath}.");
        return TrainedModel.Of(job, result, weights) with { OptimizerState = _ => FetchAsync(ArtifactNames.OptimizerState) };

        async Task<string?> FetchAsync(string name)
        {
            var file = Path.Combine(folder, name);
            if (there.FirstOrDefault(artifact => artifact.Name == name) is not { } artifact)
            {
                return null;
            }

            if (!File.Exists(file) || (name == ArtifactNames.Weights && SumOf(file) != result.WeightsSha256))
            {
                PrivateFiles.CreateOrClose(folder);
                await artifacts.FetchAsync(job.Id, artifact, file, text => shell.Error.WriteLine(text), stop);
            }

            return file;
        }
    }

    // Another machine may have another file of that path.
    private static bool IsThere(Result result) => File.Exists(result.WeightsPath) && SumOf(result.WeightsPath) == result.WeightsSha256;

    private static string SumOf(string file)
    {
        using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
