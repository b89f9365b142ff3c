using Trainer.Kernels.Data;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Training;

public sealed class LocalTrainerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Device _device = CpuDevice.Create(2);

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_linear_classifier_learns_fashion_mnist()
    {
        Assert.SkipWhen(KnownDataSet.FashionMnist.Find() is null, "Fashion-MNIST is not installed: trainer data fetch fashion-mnist");
        var (train, test) = KnownDataSet.FashionMnist.Load();
        using var trainer = new LocalTrainer(Softmax, _device, new Sgd(0.1f), batchSize: 50);
        var first = trainer.TrainEpoch(train.Take(1000));
        var second = trainer.TrainEpoch(train.Take(1000));

        Assert.InRange(second.Loss, 0.3, first.Loss);
        Assert.InRange(trainer.Evaluate(test.Take(500)).Accuracy, 0.65, 0.95);
        Assert.True(second.ImagesPerSecond > 0);
    }

    [Fact]
    public void An_epoch_is_its_steps_in_order_with_a_short_last_batch()
    {
        var (data, pixels, labels) = Samples(23);
        using var trainer = new LocalTrainer(Softmax, _device, new Sgd(0.1f, Momentum: 0.5f, WeightDecay: 1e-3f), batchSize: 10, seed: 4, shards: 3);
        var results = (trainer.TrainEpoch(data), trainer.TrainEpoch(data));
        using var network = new Network(Softmax, _device, new Sgd(0.1f, Momentum: 0.5f, WeightDecay: 1e-3f), new NetworkOptions(10));
        network.Initialize(4);
        var (losses, hash, order) = (new double[2], 0UL, new int[23]);
        for (var epoch = 1; epoch <= 2; epoch++)
        {
            EpochOrder.Fill(order, 4, epoch, shuffle: true);
            foreach (var batch in order.Chunk(10))
            {
                var slice = BatchSlice.Whole(batch.Length, 3);
                TestData.Load(network, slice, [.. batch.SelectMany(i => pixels[i])], [.. batch.Select(i => labels[i])]);
                TestData.Step(network, slice);
                hash = network.State.WeightsHash;
                losses[epoch - 1] += network.Results.Loss.ToArray().Sum(loss => (double)loss);
            }
        }

        Assert.Equal((losses[0] / 23, losses[1] / 23), (results.Item1.Loss, results.Item2.Loss));
        Assert.Equal(network.Weights.ToArray(), trainer.Network.Weights.ToArray());
        Assert.Equal(hash, trainer.WeightsHash);
    }

    [Fact]
    public void Evaluation_changes_nothing_and_averages_over_all_samples()
    {
        var (data, _, _) = Samples(23);
        using var trainer = new LocalTrainer(Softmax, _device, new Sgd(0.1f), batchSize: 10);
        var weights = trainer.Network.Weights.ToArray();
        using var other = new LocalTrainer(Softmax, _device, new Sgd(0.1f), batchSize: 23);

        Assert.Equal(other.Evaluate(data).Loss, trainer.Evaluate(data).Loss, 1e-12);
        Assert.Equal(weights, trainer.Network.Weights.ToArray());
    }

    /// <summary>torch.nn.CrossEntropyLoss of the whole set as one batch: the sum of weighted losses over the sum of weights.</summary>
    [Fact]
    public void Weighted_losses_are_divided_by_their_weights_whatever_the_batches()
    {
        var (data, _, labels) = Samples(23);
        var recipe = new TrainingRecipe(new Sgd(0.1f)) { Loss = new CrossEntropy([1, 2, 1, 1, 3, 1, 1, 0.5, 1, 1], IgnoreIndex: 3) };
        using var trainer = new LocalTrainer(Softmax, _device, recipe, batchSize: 10);
        using var whole = new LocalTrainer(Softmax, _device, recipe, batchSize: 23);
        using var plain = new LocalTrainer(Softmax, _device, new Sgd(0.1f), batchSize: 23);
        plain.Evaluate(data);
        var (losses, weights) = (plain.Network.Results.Loss.ToArray(), labels.Select(label => recipe.Loss.WeightOf(label)).ToArray());
        var expected = losses.Zip(weights, (loss, weight) => (double)(loss * weight)).Sum() / weights.Sum(weight => (double)weight);

        Assert.Contains(0f, weights);
        Assert.Equal(expected, whole.Evaluate(data).Loss, 1e-6);
        Assert.Equal(expected, trainer.Evaluate(data).Loss, 1e-6);
        Assert.Equal(expected, whole.TrainEpoch(data, shuffle: false).Loss, 1e-6);
    }

    [Fact]
    public void A_batch_of_ignored_samples_is_a_step_that_the_loss_of_the_epoch_leaves_out()
    {
        var (data, _, labels) = Samples(7);
        var ignored = labels[3];
        var recipe = new TrainingRecipe(new Sgd(0.1f)) { Loss = new CrossEntropy(IgnoreIndex: ignored) };
        using var trainer = new LocalTrainer(Softmax, _device, recipe, batchSize: 1);

        var result = trainer.TrainEpoch(data, shuffle: false);
        Assert.True(double.IsFinite(result.Loss) && result.Loss > 0, $"The loss is {result.Loss}.");
        Assert.Equal(7, trainer.Network.State.Progress.Updates);
    }

    [Fact]
    public void The_rate_falls_behind_evaluations_that_are_no_better()
    {
        var (data, _, _) = Samples(23);
        var plateau = new PlateauSchedule(Patience: 0, Threshold: 1000, ThresholdMode: ThresholdMode.Abs, Factor: 0.5);
        using var trainer = new LocalTrainer(Softmax, _device, new TrainingRecipe(new Sgd(0.1f)) { Schedule = plateau }, batchSize: 10);
        var rates = new List<double>();
        trainer.Stepped = step => rates.Add(step.LearningRate);
        for (var epoch = 0; epoch < 3; epoch++)
        {
            var (_, test) = trainer.TrainEpoch(data, data.Take(17));
            Assert.Equal(trainer.Evaluate(data.Take(17)).Loss, test.Loss);
            Assert.Equal(rates[^1], trainer.Network.LearningRate);
            Assert.Equal(17, trainer.Network.State.Progress.Epochs[epoch].Test.Samples);
        }

        // The first value is better than none.
        double[] first = [0.1f, 0.1f, 0.05f];
        Assert.Equal(first.SelectMany(rate => Enumerable.Repeat(rate, 3)).Select(rate => (float)rate), rates.Select(rate => (float)rate));
        var refused = Assert.Throws<ArgumentException>(() => trainer.TrainEpoch(data));
        Assert.StartsWith("The schedule follows from evaluations; give TrainEpoch the test set as well.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_that_becomes_no_better_should_stop()
    {
        var (data, _, _) = Samples(23);
        var recipe = new TrainingRecipe(new Sgd(0.1f)) { EarlyStopping = new EarlyStopping(Patience: 1, MinDelta: 1000) };
        using var trainer = new LocalTrainer(Softmax, _device, recipe, batchSize: 10);
        Assert.False(trainer.ShouldStop);
        trainer.TrainEpoch(data, data.Take(17));
        Assert.False(trainer.ShouldStop);
        trainer.TrainEpoch(data); // Nothing that it looks at.
        Assert.False(trainer.ShouldStop);
        trainer.TrainEpoch(data, data.Take(17));
        Assert.True(trainer.ShouldStop);
    }

    [Fact]
    public void Saved_weights_are_the_network_s()
    {
        using var trainer = new LocalTrainer(Softmax, _device, new Sgd(0.1f), batchSize: 10);
        var path = _folder.File("model.safetensors");

        Assert.Matches("^[0-9a-f]{64}$", trainer.Save(path));
        Assert.Equal(trainer.Network.Weights.Slice(16, 7840).ToArray(), Safetensors.Read(path)["1.weight"].Values);
    }

    [Fact]
    public void A_loss_that_is_not_finite_stops_before_the_weights_change()
    {
        var (data, _, _) = Samples(5);
        using var trainer = new LocalTrainer(Softmax, _device, new Sgd(0.1f), batchSize: 5);
        trainer.Network.EditWeights()[16] = float.NaN;
        var hash = trainer.WeightsHash;

        Assert.Equal(
            "Step 1: the gradient is not finite: the output of layers[1].linear is the first value that is not. "
            + "The learning rate was 0.1. Lower it, limit the gradient's norm (clip_grad_norm), or begin with a warm-up.",
            Assert.Throws<NotFiniteNumberException>(() => trainer.TrainEpoch(data)).Message);
        Assert.Equal(hash, trainer.WeightsHash);
    }

    [Fact]
    public void Saved_weights_and_optimizer_go_on_as_if_training_had_never_stopped()
    {
        var (data, _, _) = Samples(23);
        var recipe = new TrainingRecipe(new Adam(0.01)) { Schedule = new StepSchedule(StepSize: 1) };
        using var first = new LocalTrainer(Softmax, _device, recipe, batchSize: 10, seed: 4);
        first.TrainEpoch(data);
        var (weights, optimizer) = (_folder.File("weights.safetensors"), _folder.File("optimizer.safetensors"));
        first.Save(weights);
        first.SaveOptimizer(optimizer);
        using var second = new LocalTrainer(Softmax, _device, recipe, batchSize: 10, seed: 4);

        second.Load(weights, optimizer);

        Assert.Equal(first.TrainEpoch(data).Loss, second.TrainEpoch(data).Loss);
        Assert.Equal(first.WeightsHash, second.WeightsHash);
        Assert.Equal(6, second.Network.State.Progress.Updates);
        Assert.Contains(
            "has no 1.bias.momentum_buffer, 1.weight.momentum_buffer, which the optimizer keeps",
            Assert.Throws<DataFileException>(() =>
            {
                using var other = new LocalTrainer(Softmax, _device, new Sgd(0.1, Momentum: 0.9), batchSize: 10);
                other.Load(weights, optimizer);
            }).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_optimizers_state_is_not_taken_with_an_average_of_weights()
    {
        var (data, _, _) = Samples(23);
        using var first = new LocalTrainer(Softmax, _device, new TrainingRecipe(new Adam(0.01)) { Averaging = new Ema() }, batchSize: 10, seed: 4);
        first.TrainEpoch(data);
        var (weights, optimizer) = (_folder.File("weights.safetensors"), _folder.File("optimizer.safetensors"));
        first.Save(weights);
        first.SaveOptimizer(optimizer);
        using var second = new LocalTrainer(Softmax, _device, new Adam(0.01), batchSize: 10, seed: 4);
        Assert.Contains("has their average", Assert.Throws<DataFileException>(() => second.Load(weights, optimizer)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_step_is_told_with_its_loss_and_rate()
    {
        var (data, _, _) = Samples(23);
        using var trainer = new LocalTrainer(Softmax, _device, new TrainingRecipe(new Sgd(0.1)) { Schedule = new StepSchedule(StepSize: 1) }, batchSize: 10);
        var steps = new List<TrainedStep>();
        trainer.Stepped += steps.Add;

        var epoch = trainer.TrainEpoch(data);
        trainer.TrainEpoch(data);

        Assert.Equal([1L, 2, 3, 4, 5, 6], steps.Select(step => step.Step));
        Assert.Equal([0.1, 0.1, 0.1, 0.01, 0.01, 0.01], steps.Select(step => Math.Round(step.LearningRate, 6)));
        Assert.Equal(epoch.Loss, ((10 * steps[0].Loss) + (10 * steps[1].Loss) + (3 * steps[2].Loss)) / 23, 1e-12);
    }

    [Fact]
    public void Predictions_are_the_outputs_of_the_network_and_change_nothing()
    {
        var (_, pixels, _) = Samples(3);
        using var trainer = new LocalTrainer(Softmax, _device, new Sgd(0.1), batchSize: 3);
        var hash = trainer.Network.State.Hash;
        var one = pixels.Select(image => trainer.Predict(image)).ToArray();

        Assert.Equal(one.SelectMany(output => output), trainer.Predict([.. pixels.SelectMany(image => image)]));
        Assert.Equal(10, one[0].Length);
        Assert.Equal(hash, trainer.Network.State.Hash);
        Assert.StartsWith(
            "7 values, expected images of (1,28,28), 784 values each, and at most 3 of them.",
            Assert.Throws<ArgumentException>(() => trainer.Predict(new float[7])).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_divergence_says_which_layer_the_rate_and_what_people_change()
    {
        var (data, _, _) = Samples(5);
        var model = new Model(new Shape(1, 28, 28), new Flatten(), new Linear(7), new ReLU(), new Linear(10));
        using var trainer = new LocalTrainer(model, _device, new Sgd(0.25), batchSize: 5);
        trainer.Network.EditWeights()[^16] = float.PositiveInfinity;

        Assert.Matches(
            @"^Step 1: the (loss|gradient) is not finite: the output of layers\[1\]\.linear is the first value that is not\. The learning rate was 0\.25\. Lower it, ",
            Assert.Throws<NotFiniteNumberException>(() => trainer.TrainEpoch(data)).Message);
    }

    [Fact]
    public void Data_of_another_shape_or_with_more_classes_is_refused()
    {
        var (data, _, _) = Samples(5);
        using var trainer = new LocalTrainer(new Model(new Shape(1, 5, 5), new Flatten(), new Linear(3)), _device, new Sgd(0.1f), batchSize: 5);

        Assert.StartsWith(
            "The data has samples of (1,28,28); the model takes (1,5,5).",
            Assert.Throws<ArgumentException>(() => trainer.Evaluate(data)).Message,
            StringComparison.Ordinal);
        using var small = new LocalTrainer(new Model(new Shape(1, 28, 28), new Flatten(), new Linear(3)), _device, new Sgd(0.1f), batchSize: 5);
        Assert.StartsWith(
            "The model has 3 classes; the data's labels go up to 9 and need 10",
            Assert.Throws<ArgumentException>(() => small.Evaluate(data)).Message,
            StringComparison.Ordinal);
    }

    /// <summary>Of the 7 images one counts; where none does there is no loss and no accuracy.</summary>
    [Fact]
    public void Ignored_samples_count_neither_in_the_loss_nor_in_the_accuracy()
    {
        var (data, _, labels) = Samples(7);
        var ignored = labels[3];
        using var some = new LocalTrainer(Softmax, _device, new TrainingRecipe(new Sgd(0.1f)) { Loss = new CrossEntropy(IgnoreIndex: ignored) }, batchSize: 4);
        var counted = labels.Count(label => label != ignored);
        var result = some.Evaluate(data);
        Assert.Equal(Math.Round(result.Accuracy * counted), result.Accuracy * counted, 1e-9);
        Assert.True(double.IsFinite(result.Loss));

        var (single, _, only) = Samples(1);
        using var none = new LocalTrainer(Softmax, _device, new TrainingRecipe(new Sgd(0.1f)) { Loss = new CrossEntropy(IgnoreIndex: only[0]) }, batchSize: 4);
        Assert.Contains($"every label is {only[0]}, which the loss ignores", Assert.Throws<ArgumentException>(() => none.TrainEpoch(single)).Message, StringComparison.Ordinal);
    }

    private static Model Softmax { get; } = new(new Shape(1, 28, 28), new Flatten(), new Linear(10));

    private (DataSet Data, float[][] Pixels, byte[] Labels) Samples(int count)
    {
        byte[] pixels = [.. TestData.Values(count * 784, seed: 8, bound: 127).Select(value => (byte)(value + 128))];
        byte[] labels = [.. Enumerable.Range(0, count).Select(i => (byte)(i * 7 % 10 == 0 ? 9 : i * 7 % 10))];
        var images = _folder.Write("images", [0, 0, 8, 3, 0, 0, 0, (byte)count, 0, 0, 0, 28, 0, 0, 0, 28, .. pixels]);
        var data = DataSet.FromIdx(images, _folder.Write("labels", [0, 0, 8, 1, 0, 0, 0, (byte)count, .. labels]));
        return (data, [.. pixels.Select(pixel => pixel / 255f).Chunk(784)], labels);
    }
}
