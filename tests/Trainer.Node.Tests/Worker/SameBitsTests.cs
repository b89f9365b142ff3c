using System.Text.Json;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Sections;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;
using Trainer.Node.Tests.Training;
using Trainer.Node.Training;

namespace Trainer.Node.Tests.Worker;

/// <summary>The promise: the same job gives the same weights on any number of workers and threads, and those of one device alone.</summary>
public class SameBitsTests
{
    [Theory]
    [InlineData(37, 7)]
    [InlineData(37, 16)]
    [InlineData(64, 5)]
    public async Task The_weights_file_is_the_same_on_any_number_of_workers_and_threads(int batchSize, int shards)
    {
        using var data = new TinyData(train: 211, test: 53);
        var expected = TrainLocally(data, batchSize, shards, epochs: 2);
        foreach (var (workers, threads, unix) in new[] { (1, 1, true), (1, 2, true), (2, 1, true), (2, 2, false), (3, 1, true), (4, 2, true), (5, 1, false) })
        {
            await using var group = await new WorkerGroup(workers, threads, unix).ReadyAsync();
            var finished = await group.TrainAsync("job", data.Job((uint)batchSize, (uint)shards));
            Assert.True(expected == finished.WeightsSha256, $"{workers} workers x {threads} threads: {finished.WeightsSha256}, one device alone: {expected}");
            Assert.Equal(2, File.ReadAllLines(Path.Combine(group.Artifacts, "job", "metrics.jsonl")).Length);
        }

        await using var together = await new WorkerGroup(workers: 3, memory: true).ReadyAsync();
        Assert.Equal(expected, (await together.TrainAsync("job", data.Job((uint)batchSize, (uint)shards))).WeightsSha256);
    }

    [Fact]
    public void A_worker_that_sees_other_pictures_is_refused_with_both_ids()
    {
        using var data = new TinyData(train: 11, test: 3);
        foreach (var part in new[] { "train", "test" })
        {
            Directory.CreateDirectory(Path.Combine(data.Folder, "pictures", part, "a"));
            File.WriteAllBytes(Path.Combine(data.Folder, "pictures", part, "a", "1.png"), [1, 2, 3]);
        }

        var job = data.Job();
        job.Data = new Protos.Data { ImageFolder = new() { Path = Path.Combine(data.Folder, "pictures") }, ContentId = "0123456789abcdef", Transforms = new() { Train = { Crop() }, Test = { Crop() } } };
        using var device = CpuDevice.Create(threads: 1);

        Assert.Matches(
            "^This worker is refused: the data has the id [0-9a-f]{16} here, and the job says 0123456789abcdef: files have other names, sizes or labels, have come or are gone.$",
            Assert.Throws<IOException>(() => TrainingJob.Load(job, device)).Message);

        static Protos.Transform Crop() => new() { CenterCrop = new() { Size = { 28 } } };
    }

    [Fact]
    public async Task A_last_batch_that_is_short_may_be_left_out_on_any_number_of_workers()
    {
        using var data = new TinyData(train: 111, test: 17);
        var job = data.Job(batchSize: 31, shards: 7);
        job.Data.DropLast = true;
        var (train, _) = DataSection.Load(Protos.JobFile.SectionJson(job.Data));
        using var device = CpuDevice.Create(threads: 1);
        using var trainer = new LocalTrainer(Zoo.Create("lenet", train.Shape, TinyData.Classes), device, new Sgd(0.9, Momentum: 0.5), 31, seed: 3, shards: 7) { DropLast = true };
        trainer.TrainEpoch(train);
        trainer.TrainEpoch(train);
        var expected = trainer.Save(Path.Combine(data.Folder, "expected.safetensors"));
        Assert.Equal(6, trainer.Network.State.Progress.Updates);
        foreach (var workers in new[] { 1, 3 })
        {
            await using var group = await new WorkerGroup(workers, threads: 1).ReadyAsync();
            Assert.Equal(expected, (await group.TrainAsync("job", job)).WeightsSha256);
        }
    }

    [Fact]
    public async Task What_the_last_and_the_best_evaluation_found_is_kept_and_the_same_on_any_number_of_workers()
    {
        using var data = new TinyData(train: 111, test: 53);
        var job = data.Job(epochs: 3);
        (string Last, string Best)? expected = null;
        foreach (var workers in new[] { 1, 3 })
        {
            await using var group = await new WorkerGroup(workers, threads: 1).ReadyAsync();
            await group.TrainAsync("job", job);
            var found = (Last: Read(group, "evaluation.json"), Best: Read(group, "evaluation-best.json"));
            Assert.Equal(expected ?? found, found);
            expected = found;
            var epochs = File.ReadAllLines(Path.Combine(group.Artifacts, "job", "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("test_accuracy").GetDouble()).ToArray();
            var (last, best) = (JsonDocument.Parse(found.Last).RootElement, JsonDocument.Parse(found.Best).RootElement);
            Assert.Equal((3, epochs[2]), (last.GetProperty("epoch").GetInt32(), last.GetProperty("accuracy").GetDouble()));
            Assert.Equal((Array.IndexOf(epochs, epochs.Max()) + 1, epochs.Max()), (best.GetProperty("epoch").GetInt32(), best.GetProperty("accuracy").GetDouble()));
            Assert.Equal(53, last.GetProperty("confusions").EnumerateArray().Sum(pair => pair.GetProperty("images").GetInt32()));
        }

        static string Read(WorkerGroup group, string file) => File.ReadAllText(Path.Combine(group.Artifacts, "job", file));
    }

    [Theory]
    [InlineData(ComputePrecision.Tf32, GradientPrecision.Float32)]
    [InlineData(ComputePrecision.Exact, GradientPrecision.Bfloat16)]
    [InlineData(ComputePrecision.Tf32, GradientPrecision.Bfloat16)]
    public async Task What_gives_bits_up_gives_them_up_alike_on_any_number_of_workers(ComputePrecision compute, GradientPrecision gradients)
    {
        using var data = new TinyData(train: 111, test: 17);
        var precision = new Precision(compute, gradients);
        var job = data.Job(batchSize: 37, shards: 7, epochs: 1);
        (job.Training.Compute, job.Training.Gradients) = (precision.ComputeWord, precision.GradientsWord);
        var expected = TrainLocally(data, 37, 7, epochs: 1, precision);
        Assert.NotEqual(TrainLocally(data, 37, 7, epochs: 1), expected);
        foreach (var (workers, threads) in new[] { (1, 2), (2, 1), (3, 1), (5, 1) })
        {
            await using var group = await new WorkerGroup(workers, threads).ReadyAsync();
            var finished = await group.TrainAsync("job", job);
            Assert.True(expected == finished.WeightsSha256, $"{workers} workers x {threads} threads: {finished.WeightsSha256}, one device alone: {expected}");
        }
    }

    /// <summary>A rate that falls at every evaluation: what they came to is the same for all.</summary>
    [Fact]
    public async Task A_schedule_that_looks_at_evaluations_has_the_same_rates_on_any_number_of_workers()
    {
        using var data = new TinyData(train: 111, test: 17);
        var job = data.Job(batchSize: 37, shards: 7, epochs: 3);
        job.Training.Schedule = new Protos.Schedule { ReduceOnPlateau = new() { Patience = 0, Threshold = 100, ThresholdMode = "abs", Factor = 0.5 } };
        var expected = TrainLocally(data, 37, 7, epochs: 3, schedule: new PlateauSchedule(Patience: 0, Threshold: 100, ThresholdMode: ThresholdMode.Abs, Factor: 0.5));
        Assert.NotEqual(TrainLocally(data, 37, 7, epochs: 3), expected);
        foreach (var workers in new[] { 1, 3 })
        {
            await using var group = await new WorkerGroup(workers, 1).ReadyAsync();
            Assert.Equal(expected, (await group.TrainAsync("job", job)).WeightsSha256);
        }
    }

    /// <summary>When training ends follows from what evaluations came to, so all members end behind the same epoch.</summary>
    [Fact]
    public async Task Training_that_stops_early_stops_at_the_same_epoch_on_any_number_of_workers()
    {
        using var data = new TinyData(train: 111, test: 17);
        var job = data.Job(batchSize: 37, shards: 7, epochs: 9);
        job.Training.EarlyStopping = new Protos.EarlyStopping { Metric = "test_loss", Patience = 2, MinDelta = 100 };
        var expected = TrainLocally(data, 37, 7, epochs: 3); // The first is better than none, two are not better.
        foreach (var workers in new[] { 1, 3 })
        {
            await using var group = await new WorkerGroup(workers, 1).ReadyAsync();
            Assert.Equal(expected, (await group.TrainAsync("job", job)).WeightsSha256);
        }
    }

    [Fact]
    public async Task Epochs_without_an_evaluation_have_the_same_weights_and_say_so()
    {
        using var data = new TinyData(train: 111, test: 17);
        var job = data.Job(batchSize: 37, shards: 7, epochs: 5);
        var expected = TrainLocally(data, 37, 7, epochs: 5);
        job.Training.EvaluateEveryEpochs = 3;
        foreach (var workers in new[] { 1, 3 })
        {
            await using var group = await new WorkerGroup(workers, 1).ReadyAsync();
            Assert.Equal(expected, (await group.TrainAsync("job", job)).WeightsSha256);
            var lines = File.ReadAllLines(Path.Combine(group.Artifacts, "job", "metrics.jsonl"));
            Assert.Equal([false, false, true, false, true], lines.Select(line => !line.Contains("\"test_accuracy\":\"NaN\"", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task Evaluations_within_epochs_have_the_same_weights_and_are_those_of_the_steps_before_them()
    {
        using var data = new TinyData(train: 111, test: 17);
        var job = data.Job(batchSize: 37, shards: 7, epochs: 5);
        var expected = TrainLocally(data, 37, 7, epochs: 5);
        (job.Training.EvaluateEverySteps, job.Training.EvaluateEveryEpochs) = (2, 5);
        string? told = null;
        foreach (var workers in new[] { 1, 3 })
        {
            await using var group = await new WorkerGroup(workers, 1).ReadyAsync();
            Assert.Equal(expected, (await group.TrainAsync("job", job)).WeightsSha256);
            var epochs = File.ReadAllLines(Path.Combine(group.Artifacts, "job", "metrics.jsonl")).Select(Protos.ProtoJson.Read<Protos.EpochSummary>).ToList();
            // Three steps an epoch: after steps 6 and 12 one ends, which says it itself.
            Assert.Equal(["2", "4", "8", "10", "14"], epochs.SelectMany(epoch => epoch.Evaluations).Select(evaluation => $"{evaluation.Step}"));
            Assert.Equal([false, true, false, true, true], epochs.Select(epoch => !double.IsNaN(epoch.TestAccuracy)));
            var these = string.Join('\n', epochs.SelectMany(epoch => epoch.Evaluations));
            Assert.Equal(told ?? these, these);
            told = these;
        }
    }

    /// <summary>The average belongs to the state: evaluations and the result are its own.</summary>
    [Theory]
    [InlineData("ema")]
    [InlineData("swa")]
    public async Task Averaged_weights_are_the_same_on_any_number_of_workers(string kind)
    {
        using var data = new TinyData(train: 111, test: 17);
        var job = data.Job(batchSize: 37, shards: 7, epochs: 3);
        job.Training.Averaging = kind == "ema" ? new() { Ema = new() { Decay = 0.8 } } : new() { Swa = new() { StartEpoch = 2 } };
        var expected = TrainLocally(data, 37, 7, epochs: 3, averaging: kind == "ema" ? new Ema(0.8) : new Swa(StartEpoch: 2));
        Assert.NotEqual(TrainLocally(data, 37, 7, epochs: 3), expected);
        string? metrics = null;
        foreach (var workers in new[] { 1, 3 })
        {
            await using var group = await new WorkerGroup(workers, 1).ReadyAsync();
            Assert.Equal(expected, (await group.TrainAsync("job", job)).WeightsSha256);
            Assert.Contains("\"averaged\":\"true\"", File.ReadAllText(Path.Combine(group.Artifacts, "job", "optimizer.safetensors")), StringComparison.Ordinal);
            var evaluation = File.ReadAllText(Path.Combine(group.Artifacts, "job", "evaluation.json"));
            Assert.Equal(metrics ?? evaluation, evaluation);
            metrics = evaluation;
        }
    }

    /// <summary>torch's update_bn in the job's own tree: batch norm across workers, dropout that draws, and samples that are mixed.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Statistics_that_are_estimated_for_averaged_weights_are_the_same_on_any_number_of_workers(bool mixes)
    {
        const string Layers = """
            [{"conv2d":{"out_channels":3,"kernel_size":[5],"stride":[3]}},{"batch_norm2d":{}},{"relu":{}},{"dropout2d":{"p":0.2}},{"conv2d":{"out_channels":5,"kernel_size":[3]}},
             {"batch_norm2d":{"sync":true}},{"relu":{}},{"flatten":{}},{"linear":{"out_features":10}}]
            """;
        using var data = new TinyData(train: 111, test: 17);
        var job = data.Job(batchSize: 37, shards: 7, epochs: 4);
        job.Model = Protos.ProtoJson.Read<Protos.Model>($$"""{"layers":{{Layers}}}""");
        job.Training.Averaging = new() { Swa = new() { StartEpoch = 2 } };
        job.Data.Mixup = mixes ? new() { Alpha = 0.4 } : null;
        var (sets, loss) = (DataSection.Load(Protos.JobFile.SectionJson(job.Data)), new CrossEntropy { MixesLabels = mixes });
        string Locally(Averaging? averaging) => TrainLocally(data, sets, 37, 7, epochs: 4, loss: loss, averaging: averaging, model: Model.FromJson(Layers, new Shape(1, 28, 28)));
        var expected = Locally(new Swa(StartEpoch: 2));
        Assert.NotEqual(Locally(null), expected);
        string? metrics = null;
        foreach (var workers in new[] { 1, 2, 3, 5 })
        {
            await using var group = await new WorkerGroup(workers, 1).ReadyAsync();
            Assert.Equal(expected, (await group.TrainAsync("job", job)).WeightsSha256);
            var evaluation = File.ReadAllText(Path.Combine(group.Artifacts, "job", "evaluation.json"));
            Assert.Equal(metrics ?? evaluation, evaluation);
            metrics = evaluation;
        }
    }

    /// <summary>Samples are read ahead on threads of their own, and what is drawn for one follows from seed, epoch and sample.</summary>
    [Fact]
    public async Task Augmented_samples_are_the_same_on_any_number_of_workers()
    {
        using var data = new TinyData(train: 111, test: 17);
        var job = data.Job(batchSize: 37, shards: 7);
        job.Data.Transforms = new()
        {
            Train =
            {
                new Protos.Transform { RandomCrop = new() { Size = { 28 }, Padding = { 3 }, PaddingMode = "reflect" } },
                new Protos.Transform { RandomHorizontalFlip = new() },
                new Protos.Transform { RandomRotation = new() { Degrees = { 20 } } },
                new Protos.Transform { RandomResizedCrop = new() { Size = { 28 }, Scale = { 0.6, 1 } } },
                new Protos.Transform { ColorJitter = new() { Brightness = { 0.4 }, Contrast = { 0.4 } } },
                new Protos.Transform { Normalize = new() { Mean = { 0.3 }, Std = { 0.3 } } },
                new Protos.Transform { RandomErasing = new() },
            },
            Test = { new Protos.Transform { Normalize = new() { Mean = { 0.3 }, Std = { 0.3 } } } },
        };
        var expected = TrainLocally(data, DataSection.Load(Protos.JobFile.SectionJson(job.Data)), 37, 7, epochs: 2);
        Assert.NotEqual(TrainLocally(data, 37, 7, epochs: 2), expected);
        foreach (var (workers, threads) in new[] { (1, 2), (2, 1), (3, 1) })
        {
            await using var group = await new WorkerGroup(workers, threads).ReadyAsync();
            var finished = await group.TrainAsync("job", job);
            Assert.True(expected == finished.WeightsSha256, $"{workers} workers x {threads} threads: {finished.WeightsSha256}, one device alone: {expected}");
        }
    }

    /// <summary>Partners are of the same shard, and what is drawn follows from seed and step, or seed and epoch.</summary>
    [Fact]
    public async Task Mixed_and_drawn_samples_are_the_same_on_any_number_of_workers()
    {
        const int Shards = 7;
        using var data = new TinyData(train: 111, test: 17);
        var job = data.Job(batchSize: 37, Shards);
        (job.Data.Mixup, job.Data.Cutmix, job.Data.Sampling) = (new() { Alpha = 0.4 }, new() { Alpha = 1 }, new() { Balanced = new() });
        job.Data.Transforms = new() { Train = { new Protos.Transform { RandomCrop = new() { Size = { 28 }, Padding = { 3 } } }, new Protos.Transform { RandomErasing = new() } } };
        var expected = TrainLocally(data, DataSection.Load(Protos.JobFile.SectionJson(job.Data)), 37, Shards, epochs: 2, loss: new CrossEntropy { MixesLabels = true });
        Assert.NotEqual(TrainLocally(data, 37, Shards, epochs: 2), expected);
        foreach (var (workers, threads) in new[] { (1, 2), (2, 1), (3, 1), (5, 1) })
        {
            await using var group = await new WorkerGroup(workers, threads).ReadyAsync();
            var finished = await group.TrainAsync("job", job);
            Assert.True(expected == finished.WeightsSha256, $"{workers} workers x {threads} threads: {finished.WeightsSha256}, one device alone: {expected}");
        }
    }

    /// <summary>Some have none.</summary>
    [Fact]
    public async Task Pictures_with_several_labels_give_the_same_weights_on_any_number_of_workers()
    {
        using var data = new TinyData(train: 11, test: 3);
        var bitmap = new byte[54 + 12];
        new byte[] { 66, 77, 66, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24, 0 }.CopyTo(bitmap, 0); // Three pixels of 24 bits.
        const int Pictures = 59;
        for (var i = 0; i < Pictures; i++)
        {
            bitmap.AsSpan(54).Fill((byte)(i * 4));
            File.WriteAllBytes(Path.Combine(data.Folder, $"{i}.bmp"), bitmap);
        }

        var table = Path.Combine(data.Folder, "table.csv");
        File.WriteAllLines(table, Enumerable.Range(0, Pictures).Select(i => string.Join(',', [$"{i}.bmp", .. Enumerable.Range(0, 3).Where(label => ((i >> label) & 1) == 1).Select(label => $"{label}")])));
        var job = data.Job(batchSize: 7, shards: 3);
        job.Data = new Protos.Data { Csv = new() { Train = table, Test = table, Labels = "several" }, Mixup = new() { Alpha = 1 } };
        job.Training.Loss = new() { BceWithLogits = new() };
        job.Model = new Protos.Model { Layers = { new Protos.Layer { Flatten = new() }, new Protos.Layer { Linear = new() { OutFeatures = 3 } } } };
        var sets = DataSection.Load(Protos.JobFile.SectionJson(job.Data));
        Assert.Contains(Enumerable.Range(0, Pictures), i => !sets.Train.LabelsOf(i).Any());
        var (model, loss) = (Model.FromJson("""[{"flatten":{}},{"linear":{"out_features":3}}]""", new Shape(3, 1, 3)), new BinaryCrossEntropy(OneHot: false) { MixesLabels = true });
        var expected = TrainLocally(data, sets, 7, 3, epochs: 2, loss: loss, model: model);
        Assert.NotEqual(TrainLocally(data, (sets.Train.Mixing(null), sets.Evaluation), 7, 3, epochs: 2, loss: loss, model: model), expected);
        foreach (var workers in new[] { 1, 2, 3 })
        {
            await using var group = await new WorkerGroup(workers, 1).ReadyAsync();
            Assert.Equal(expected, (await group.TrainAsync("job", job)).WeightsSha256);
        }
    }

    private static string TrainLocally(TinyData data, int batchSize, int shards, int epochs, Precision? precision = null, LearningRateSchedule? schedule = null, Averaging? averaging = null)
    {
        var sets = (DataSet.FromIdx(data.Files.TrainImages, data.Files.TrainLabels), DataSet.FromIdx(data.Files.TestImages, data.Files.TestLabels));
        return TrainLocally(data, sets, batchSize, shards, epochs, precision, schedule, averaging: averaging);
    }

    private static string TrainLocally(
        TinyData data, (DataSet Train, DataSet Test) sets, int batchSize, int shards, int epochs, Precision? precision = null, LearningRateSchedule? schedule = null, Loss? loss = null,
        Averaging? averaging = null, Model? model = null)
    {
        var recipe = new TrainingRecipe(new Sgd(0.9f, 0.5f))
        {
            Loss = loss ?? new CrossEntropy(),
            Precision = precision ?? Precision.Exact,
            Schedule = schedule ?? LearningRateSchedule.Constant,
            Averaging = averaging,
        };
        using var device = CpuDevice.Create(1);
        using var trainer = new LocalTrainer(model ?? Zoo.LeNet(), device, recipe, batchSize, seed: 3, shards);
        for (var epoch = 0; epoch < epochs; epoch++)
        {
            trainer.TrainEpoch(sets.Train, sets.Test);
        }

        return trainer.Save(Path.Combine(data.Folder, "local.safetensors"));
    }
}
