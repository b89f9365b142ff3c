using System.Globalization;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Tests;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;
using Trainer.Node.States;
using Trainer.Node.Training;
using Trainer.Protos;
using Shape = Trainer.Kernels.Shape;

namespace Trainer.Node.Tests.Contract;

/// <summary>Checkpoints that releases since 0.2 wrote (tests/contract) are restored, to the state with the hash that their manifest says.</summary>
public sealed class CheckpointsOfReleasesTests
{
    private static readonly string Releases = Path.Combine(Repository.Root, "tests/contract");

    public static TheoryData<string> Checkpoints => [.. Directory.GetFiles(Releases, CheckpointManifest.ManifestFile, SearchOption.AllDirectories)
        .Select(manifest => Path.GetRelativePath(Releases, Path.GetDirectoryName(manifest)!))];

    [Fact]
    public void There_are_some_of_each_release_since_0_2() => Assert.Subset(
        Checkpoints.Select(checkpoint => checkpoint.Data.Split('/')[0]).ToHashSet(),
        Directory.GetDirectories(Releases, "0.*").Select(folder => Path.GetFileName(folder)!).Where(release => release != "0.1").ToHashSet());

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public void A_checkpoint_is_restored(string checkpoint)
    {
        var (release, job) = (checkpoint.Split('/')[0], Path.GetFileName(checkpoint));
        var spec = JobFile.Read(Path.Combine(Releases, release, "jobs", $"{job}.yaml"));
        var from = new FolderStore(Path.Combine(Releases, checkpoint));
        var manifest = CheckpointFiles.ReadManifest(from);
        var (model, recipe) = (JobParameters.BuildModel(spec.Model, new Shape([.. manifest.Input!]), manifest.Classes!.Value), BrokenSamples.RecipeOf(spec));
        using var device = CpuDevice.Create(threads: 1);
        using var states = StatePair.Create(device, ParameterLayout.Of(model, recipe.Loss.HasWeights), recipe);

        CheckpointFiles.Restore(from, new HeldState(manifest.Item, ulong.Parse(manifest.Hash, NumberStyles.HexNumber, CultureInfo.InvariantCulture)), states);

        var progress = states.Current.Progress;
        Assert.Equal((manifest.Item, (long)manifest.Step!, (int)manifest.Epochs!), (progress.Step, progress.Updates, progress.Epochs.Count));
        Assert.Equal(manifest.Hash, $"{states.Current.HashAgain():x16}");
        Assert.Equal(spec.Training.Averaging is not null, progress.Averaged > 0);
        Assert.Equal(spec.Training.EvaluateEverySteps > 0, progress.Evaluations.Count > 0);
        Assert.Equal(recipe.FirstEstimate(model) is not null, progress.Estimated > 0);
    }
}
