using Trainer.Cli.Api;
using Trainer.Cli.Artifacts;
using Trainer.Cli.Errors;
using Trainer.Cli.Home;
using Trainer.Cli.Output;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Run;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;
using Trainer.Node.States;
using Trainer.Node.Training;
using Trainer.Protos;
using Model = Trainer.Kernels.Models.Model;

namespace Trainer.Cli.Models;

/// <summary>A checkpoint of a job, fetched from its cluster once, and written as the files that a result has.</summary>
internal sealed class CheckpointModel(Shell shell, ClusterAddress address)
{
    /// <exception cref="CliException">It cannot be had.</exception>
    public async Task<TrainedModel> FindAsync(Job job, CheckpointChoice choice, CancellationToken stop)
    {
        var checkpoint = choice.Of(job.Id, await ListAsync(address, job.Id, stop));
        var folder = Path.Combine(LocalFolders.Of(shell.Environment).Downloads, job.Id, checkpoint.Id);
        var (weights, optimizer) = (Path.Combine(folder, ArtifactNames.Weights), Path.Combine(folder, ArtifactNames.OptimizerState));
        Shape? input = checkpoint.Input.Count == 3 ? new Shape([.. checkpoint.Input.Select(size => (int)size)]) : null;
        int? classes = checkpoint.Classes > 0 ? (int)checkpoint.Classes : null;
        if (!File.Exists(weights))
        {
            PrivateFiles.CreateOrClose(folder);
            await FetchAsync(job.Id, checkpoint, folder, stop);
            Convert(job, new FolderStore(folder), ModelSource.Build(job.Spec, job.Id, input, classes), weights, optimizer);
        }

        return new TrainedModel(job.Spec, weights, $"{job.Id} (step {checkpoint.Step})", input, classes)
        {
            Checkpoint = checkpoint,
            OptimizerState = _ => Task.FromResult(File.Exists(optimizer) ? optimizer : null),
        };
    }

    public static async Task<IReadOnlyList<CheckpointSummary>> ListAsync(ClusterAddress address, string job, CancellationToken stop)
    {
        using var client = await ClusterClient.OpenAsync(address, stop);
        return (await client.CallAsync((cluster, options) => cluster.Jobs.ListCheckpointsAsync(new ListCheckpointsRequest { Id = job }, options), stop)).Checkpoints;
    }

    private async Task FetchAsync(string job, CheckpointSummary checkpoint, string folder, CancellationToken stop)
    {
        var download = new ArtifactDownload(address);
        foreach (var (file, bytes) in new[] { (CheckpointManifest.StateFile, checkpoint.Bytes), (CheckpointManifest.ManifestFile, ulong.MaxValue) })
        {
            var artifact = new Artifact { Name = CheckpointManifest.KeyOf(checkpoint.Id, file), Bytes = bytes };
            var sum = await download.FetchAsync(job, artifact, Path.Combine(folder, file), text => shell.Error.WriteLine(text), stop);
            if (file == CheckpointManifest.StateFile && sum != checkpoint.Sha256)
            {
                throw new CliException(
                    $"Checkpoint {checkpoint.Id} of job {job} is corrupt: its state has SHA-256 {sum}; its manifest says {checkpoint.Sha256}.", remedy: $"Take another one of: trainer checkpoints {job}");
            }
        }
    }

    // Weights last: they make it complete.
    private static void Convert(Job job, FolderStore from, Model model, string weights, string optimizerState)
    {
        var recipe = BrokenSamples.RecipeOf(job.Spec);
        using var device = CpuDevice.Create(threads: 1);
        using var states = StatePair.Create(device, ParameterLayout.Of(model, recipe.Loss.HasWeights), recipe);
        ArtifactFacts? facts;
        try
        {
            var manifest = CheckpointFiles.ReadManifest(from);
            facts = manifest.ClassNames is { } names ? new ArtifactFacts(names, model.Input) : null;
            CheckpointFiles.Restore(from, new HeldState(manifest.Item, System.Convert.ToUInt64(manifest.Hash, 16)), states);
        }
        catch (DataFileException corrupt)
        {
            throw new CliException(corrupt.Message, remedy: $"Take another one of: trainer checkpoints {job.Id}", inner: corrupt);
        }

        var state = states.Current;
        if (recipe.Optimizer.StateBuffers > 0)
        {
            Safetensors.WriteOptimizer(optimizerState, state.Layout, recipe.Optimizer.StateNames, state.OptimizerState, state.Progress.Updates, state.UsesAverage);
        }

        Safetensors.WriteWeights(weights, state.Layout, state.ResultWeights, state.BatchesTracked, facts);
        from.Delete(CheckpointManifest.StateFile);
    }
}
