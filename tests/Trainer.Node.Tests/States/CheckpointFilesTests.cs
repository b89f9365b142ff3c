using Trainer.Hosting.Artifacts;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;
using Trainer.Node.States;

namespace Trainer.Node.Tests.States;

public sealed class CheckpointFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-test-").FullName;
    private readonly CpuDevice _device = CpuDevice.Create(threads: 1);
    private readonly Model _model = new(new Shape(2, 3, 5), new BatchNorm2d(), new Flatten(), new Linear(7));

    public void Dispose()
    {
        _device.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Weights_of_a_checkpoint_begin_another_training_whatever_optimizer_trained_them()
    {
        using var states = StatePair.Create(_device, ParameterLayout.Of(_model), new Adam(0.1f));
        states.Current.EditWeights().Fill(0.25f);
        states.Current.Progress = new TrainingProgress(12, Updates: 11, Samples: 33, default) { BatchesBefore = [5] };
        var job = new FolderStore(_folder);
        var at = new FolderStore(Path.Combine(_folder, "checkpoints", "step-11-1-1-0"));
        CheckpointFiles.Write(at, "job", new CheckpointFacts(states.Current.Progress, _model), states.CopyOut()).Commit();
        var hash = CheckpointFiles.ReadManifest(at).Hash;

        using var network = new Network(_model, _device, new TrainingRecipe(new Sgd(0.1f)), new NetworkOptions(3));
        network.Initialize(1);
        CheckpointFiles.TakeWeights(job, hash, network);
        Assert.All(network.State.Weights.ToArray(), weight => Assert.Equal(0.25f, weight));
        Assert.Equal((0ul, 0L, 16L), (network.State.Progress.Step, network.State.Progress.Updates, network.BatchesTracked("0.num_batches_tracked")));

        var missing = Assert.Throws<DataFileException>(() => CheckpointFiles.TakeWeights(job, new string('0', 16), network));
        Assert.EndsWith("checkpoints: has no checkpoint whose state has the hash 0000000000000000", missing.Message, StringComparison.Ordinal);
        var file = Path.Combine(at.Location, CheckpointManifest.StateFile);
        var bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);
        Assert.Matches("state.bin: has SHA-256 [0-9a-f]{64}; its manifest says [0-9a-f]{64}$", Assert.Throws<DataFileException>(() => CheckpointFiles.TakeWeights(job, hash, network)).Message);
        File.WriteAllBytes(file, bytes[..100]);
        Assert.Throws<DataFileException>(() => CheckpointFiles.TakeWeights(job, hash, network));
    }

    /// <summary>Its place in the state holds nothing of the weights.</summary>
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Weights_of_a_checkpoint_begin_another_training_whether_its_loss_weighs_samples_or_not(bool before, bool after)
    {
        var recipe = new TrainingRecipe(new Sgd(0.1f, Momentum: 0.9f)) { Averaging = new Ema(0.5), Loss = LossOf(before) };
        using var trained = new Network(_model, _device, recipe, new NetworkOptions(3));
        trained.Initialize(7);
        for (var step = 0; step < 2; step++)
        {
            trained.Total.Fill(step + 0.5f);
            trained.Apply();
            trained.States.Flip();
        }

        var at = new FolderStore(Path.Combine(_folder, "checkpoints", "step-2-1-1-0"));
        CheckpointFiles.Write(at, "job", new CheckpointFacts(trained.State.Progress, _model), trained.States.CopyOut()).Commit();
        using var network = new Network(_model, _device, new TrainingRecipe(new Sgd(0.1f)) { Loss = LossOf(after) }, new NetworkOptions(3));
        network.Initialize(1);
        CheckpointFiles.TakeWeights(new FolderStore(_folder), CheckpointFiles.ReadManifest(at).Hash, network);

        var elements = ParameterLayout.Of(_model).Elements;
        Assert.Equal(trained.State.ResultWeights[..elements].ToArray(), network.State.Weights[..elements].ToArray());
        Assert.All(network.State.Weights[elements..].ToArray(), rest => Assert.Equal(0, rest));

        static CrossEntropy LossOf(bool weighs) => new(weighs ? [1, 2, 3, 4, 5, 6, 7] : null);
    }

    /// <summary>A job that begins with another's checkpoint begins with what was evaluated there.</summary>
    [Fact]
    public void Of_a_checkpoint_with_averaged_weights_the_average_is_taken()
    {
        var recipe = new TrainingRecipe(new Sgd(0.1f, Momentum: 0.9f)) { Averaging = new Ema() };
        using var trained = new Network(_model, _device, recipe, new NetworkOptions(3));
        trained.Initialize(7);
        for (var step = 0; step < 2; step++)
        {
            trained.Total.Fill(step + 0.5f);
            trained.Apply();
            trained.States.Flip();
        }

        var job = new FolderStore(_folder);
        var at = new FolderStore(Path.Combine(_folder, "checkpoints", "step-2-1-1-0"));
        CheckpointFiles.Write(at, "job", new CheckpointFacts(trained.State.Progress, _model), trained.States.CopyOut()).Commit();
        var manifest = CheckpointFiles.ReadManifest(at);

        using var network = new Network(_model, _device, new TrainingRecipe(new Sgd(0.1f)), new NetworkOptions(3));
        network.Initialize(1);
        CheckpointFiles.TakeWeights(job, manifest.Hash, network);
        Assert.Equal(trained.State.ResultWeights.ToArray(), network.State.Weights.ToArray());
        Assert.NotEqual(trained.State.Weights.ToArray(), network.State.Weights.ToArray());

        using var states = StatePair.Create(_device, trained.Layout, recipe);
        CheckpointFiles.Restore(at, HeldState.Of(trained.State), states);
        Assert.Equal((trained.State.Hash, 2L), (states.Current.Hash, states.Current.Progress.Averaged));
        Assert.Equal(trained.State.ResultWeights.ToArray(), states.Current.ResultWeights.ToArray());
    }

    [Theory]
    [InlineData("accuracy", 2)]
    [InlineData("test_loss", 1)]
    [InlineData("train_loss", 3)]
    public void The_best_epoch_is_the_first_of_the_best_by_what_the_job_says(string metric, int best)
    {
        EpochSums[] epochs = [Epoch(0.9, 0.5, 3), Epoch(0.8, 0.3, 4), Epoch(0.7, 0.3, 6), Epoch(0.6, 0.4, 6), Epoch(double.NaN, double.NaN, 1)];
        var bests = Enumerable.Range(1, epochs.Length).Where(closed => new CheckpointFacts(new TrainingProgress(1, 1, 1, default) { Epochs = epochs[..closed] }, _model).IsBest(new BestMetric(metric)));
        Assert.Equal(best, bests.Last() - 1);

        static EpochSums Epoch(double trainLoss, double testLoss, long correct) => new(new PassSums(trainLoss * 10, 10, 5, 10, 10), new PassSums(testLoss * 10, 10, correct, 10, 10));
    }
}
