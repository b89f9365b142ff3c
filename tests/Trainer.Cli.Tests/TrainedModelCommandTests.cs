using System.Buffers.Binary;
using Trainer.Cli.Tests.Fakes;
using Trainer.Hosting.Artifacts;
using Trainer.Kernels;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;
using Trainer.Node.States;
using Trainer.Protos;
using Flatten = Trainer.Kernels.Layers.Flatten;
using Linear = Trainer.Kernels.Layers.Linear;
using Model = Trainer.Kernels.Models.Model;
using Sgd = Trainer.Kernels.Training.Sgd;

namespace Trainer.Cli.Tests;

/// <summary>trainer evaluate, predict and export, on a model whose answers are known: class k is as likely as pixel k is bright.</summary>
public sealed class TrainedModelCommandTests : IAsyncLifetime
{
    private const int Classes = 3;
    private const float Steepness = 10;

    private readonly TemporaryFolder _home = new();
    private readonly FakeApi _api = new();
    private FakeCluster _cluster = null!;

    public async ValueTask InitializeAsync()
    {
        _cluster = await FakeCluster.StartAsync(_api, _home.Path);
        WriteImages("images", [0, 2, 1, 1, 0]);
        WriteLabels("labels", [0, 2, 1, 2, 0]); // the fourth is not what the picture shows
        WriteWeights();
        File.WriteAllText(_home["job.yaml"], Job("[flatten: {}, linear: {out_features: 3}]"));
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _home.Dispose();
    }

    [Fact]
    public async Task Evaluate_measures_a_file_of_weights_on_the_jobs_test_images()
    {
        var text = await RunAsync("evaluate", _home["weights"], "--job", _home["job.yaml"], "--threads", "1");
        var json = await RunAsync("evaluate", _home["weights"], "--job", _home["job.yaml"], "-o", "json");

        Assert.Equal((0, ""), (text.ExitCode, text.Errors));
        Assert.Matches(@"images +5\n +loss +2\.0001\n +accuracy +80\.0 %\n", text.Output);
        var result = json.JsonLines.Single();
        Assert.Equal((5, 0.8), ((int)result["images"]!, (double)result["accuracy"]!));
        // Four are right, one is wrong by the whole steepness.
        Assert.Equal((Steepness / 5) + Math.Log(1 + (2 * Math.Exp(-Steepness))), (double)result["loss"]!, 5);
    }

    [Fact]
    public async Task Evaluate_leaves_out_what_the_loss_ignores()
    {
        // The fourth image, whose label is wrong, and the second have label 2.
        File.AppendAllText(_home["job.yaml"], "\n  loss: {cross_entropy: {ignore_index: 2}}\n");
        var some = await RunAsync("evaluate", _home["weights"], "--job", _home["job.yaml"], "-o", "json");
        WriteLabels("labels", [3, 1, 2, 3, 1]);
        File.WriteAllText(_home["job.yaml"], Job("[flatten: {}, linear: {out_features: 3}]").Replace("  idx:", "  label_offset: 1\n  idx:", StringComparison.Ordinal));
        var shifted = await RunAsync("evaluate", _home["weights"], "--job", _home["job.yaml"], "-o", "json");

        Assert.Equal((5, 1.0), ((int)some.JsonLines.Single()["images"]!, (double)some.JsonLines.Single()["accuracy"]!));
        Assert.Equal((0, 0.4), (shifted.ExitCode, (double)shifted.JsonLines.Single()["accuracy"]!));
    }

    [Fact]
    public async Task What_is_not_finite_is_a_word_in_json()
    {
        WriteWeights(factor: float.NaN);
        var evaluated = await RunAsync("evaluate", _home["weights"], "--job", _home["job.yaml"], "-o", "json");
        var predicted = await RunAsync("predict", _home["weights"], "--job", _home["job.yaml"], "--limit", "1", "-o", "json");

        Assert.Equal((0, "NaN"), (evaluated.ExitCode, (string)evaluated.JsonLines.Single()["loss"]!));
        Assert.Equal((0, "NaN"), (predicted.ExitCode, (string)predicted.JsonLines.Single()["probability"]!));
    }

    [Fact]
    public async Task Evaluate_takes_a_job_of_the_cluster_and_other_images()
    {
        _api.Jobs.Add(Succeeded());
        WriteImages("more", [2, 2]);
        WriteLabels("more-labels", [2, 2]);

        var run = await RunAsync("evaluate", "lenet-3f2a", "--images", _home["more"], "--labels", _home["more-labels"], "-o", "json");

        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        Assert.Equal((2, 1.0), ((int)run.JsonLines.Single()["images"]!, (double)run.JsonLines.Single()["accuracy"]!));
    }

    [Fact]
    public async Task Predict_says_a_class_for_each_image()
    {
        var text = await RunAsync("predict", _home["weights"], "--job", _home["job.yaml"], "--limit", "2");
        var json = await RunAsync("predict", _home["weights"], "--job", _home["job.yaml"], "--images", _home["images"], "-o", "json");

        Assert.Equal("IMAGE  CLASS  PROBABILITY\n0      0      0.9999\n1      2      0.9999\n", text.Output);
        Assert.Equal([0, 2, 1, 1, 0], json.JsonLines.Select(line => (int)line["class"]!));
        Assert.All(json.JsonLines, line => Assert.Equal(1 / (1 + (2 * Math.Exp(-Steepness))), (double)line["probability"]!, 6));
    }

    [Fact]
    public async Task Export_writes_onnx_and_safetensors()
    {
        _api.Jobs.Add(Succeeded());

        var onnx = await RunAsync("export", "lenet-3f2a", "--to", _home["model.onnx"], "-o", "json");
        var weights = await RunAsync("export", "lenet-3f2a", "--to", _home["copy.safetensors"], "-o", "json");

        Assert.Equal((0, "", 0, ""), (onnx.ExitCode, onnx.Errors, weights.ExitCode, weights.Errors));
        Assert.Equal((_home["model.onnx"], _home["copy.safetensors"]), ((string)onnx.JsonLines.Single()["onnx"]!, (string)weights.JsonLines.Single()["safetensors"]!));
        Assert.Equal(File.ReadAllBytes(_home["weights"]), File.ReadAllBytes(_home["copy.safetensors"]));
        var content = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(_home["model.onnx"]));
        Assert.All(["Gemm", "1.weight", "pixels from 0 to 1"], word => Assert.Contains(word, content));
    }

    [Fact]
    public async Task Export_writes_the_optimizers_state_where_there_is_one()
    {
        _api.Jobs.Add(Succeeded());

        var without = await RunAsync("export", "lenet-3f2a", "--to", _home["state"], "--format", "optimizer");
        File.WriteAllText(_home["optimizer.safetensors"], "momentum");
        var with = await RunAsync("export", "lenet-3f2a", "--to", _home["state"], "--format", "optimizer", "-o", "json");

        Assert.Equal(
            (1, $"lenet-3f2a has no optimizer state.\nSGD without momentum keeps none.\n"),
            (without.ExitCode, without.Errors));
        Assert.Equal((0, _home["state"]), (with.ExitCode, (string)with.JsonLines.Single()["optimizer"]!));
        Assert.Equal("momentum", File.ReadAllText(_home["state"]));
    }

    [Fact]
    public async Task Export_asks_for_the_format_where_the_files_name_does_not_tell()
    {
        var run = await RunAsync("export", "lenet-3f2a", "--to", _home["model.bin"]);

        Assert.Equal(
            (2, $"{_home["model.bin"]} ends in neither .onnx nor .safetensors.\nSay what to write with --format: onnx, safetensors or optimizer.\n"),
            (run.ExitCode, run.Errors));
    }

    [Fact]
    public async Task Export_to_onnx_needs_no_images_where_the_job_knows_their_form()
    {
        _api.Jobs.Add(Succeeded());
        _api.Jobs[0].Result.Input.Add([1, 1, Classes]);
        _api.Jobs[0].Result.Classes = Classes;
        File.Delete(_home["images"]);

        var run = await RunAsync("export", "lenet-3f2a", "--to", _home["model.onnx"]);

        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        Assert.True(File.Exists(_home["model.onnx"]));
    }

    [Fact]
    public async Task Images_of_another_form_are_refused_with_both()
    {
        _api.Jobs.Add(Succeeded());
        _api.Jobs[0].Result.Input.Add([3, 1, Classes]);

        var colour = await RunAsync("predict", "lenet-3f2a", "--images", _home["images"]);
        var other = await RunAsync("predict", _home["weights"], "--job", _home["job.yaml"], "--images", ImagesOf(2));

        Assert.Equal(
            (1, $"{_home["images"]}: the images are 1x1x3 (gray); lenet-3f2a was trained on 3x1x3 (colour).\n"
                + "Give images of that form: an IDX file with the dimensions (N, C, H, W), or (N, H, W) for gray ones.\n"),
            (colour.ExitCode, colour.Errors));
        Assert.StartsWith($"{_home["narrow"]}: the images are 1x1x2 (gray); {_home["job.yaml"]} was trained on 1x1x3 (gray).\n", other.Errors);

        string ImagesOf(byte width)
        {
            File.WriteAllBytes(_home["narrow"], [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, width, .. new byte[width]]);
            return _home["narrow"];
        }
    }

    [Fact]
    public async Task Files_of_another_kind_are_told_by_their_content()
    {
        File.WriteAllBytes(_home["photo.png"], [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10, 0, 0, 0, 13]);

        var weights = await RunAsync("predict", _home["photo.png"], "--job", _home["job.yaml"]);
        var images = await RunAsync("predict", _home["weights"], "--job", _home["job.yaml"], "--images", _home["photo.png"]);
        var folder = await RunAsync("predict", _home["weights"], "--job", _home["job.yaml"], "--images", _home.Path);

        Assert.Equal((1, $"{_home["photo.png"]}: is a PNG image; expected safetensors\n"), (weights.ExitCode, weights.Errors));
        Assert.Equal(
            (1, $"{_home["photo.png"]}: is a PNG image (magic number 89504e47 at offset 0); expected IDX (00000803 or 00000804)\n"),
            (images.ExitCode, images.Errors));
        Assert.Equal((1, $"{_home.Path}: is a folder; expected a regular file\n"), (folder.ExitCode, folder.Errors));
    }

    [Fact]
    public async Task What_onnx_cannot_say_is_named()
    {
        File.WriteAllText(_home["odd.yaml"], Job("[adaptive_max_pool2d: {output_size: [1, 2]}, flatten: {}, linear: {out_features: 3}]"));
        WriteWeights(2);

        var run = await RunAsync("export", _home["weights"], "--job", _home["odd.yaml"], "--to", _home["model.onnx"]);

        Assert.Equal(1, run.ExitCode);
        Assert.Equal(
            $"{_home["odd.yaml"]} cannot be written as ONNX.\n"
            + "  model.layers[0].adaptive_max_pool2d: ONNX has no adaptive_max_pool2d from (1,3) to (1,2), whose windows differ in size\n",
            run.Errors);
        Assert.False(File.Exists(_home["model.onnx"]));
    }

    [Fact]
    public async Task What_is_not_to_be_seen_from_here_is_fetched_once()
    {
        var job = Succeeded();
        _api.Jobs.Add(job);
        _api.Files["model.safetensors"] = File.ReadAllBytes(_home["weights"]);
        _api.Files["optimizer.safetensors"] = [1, 2, 3];
        job.Result.WeightsPath = "/pod/jobs/lenet-3f2a/model.safetensors";

        foreach (var _ in new[] { 1, 2 })
        {
            var run = await RunAsync("evaluate", "lenet-3f2a", "-o", "json");
            Assert.Equal((0, "", 0.8), (run.ExitCode, run.Errors, (double)run.JsonLines.Single()["accuracy"]!));
        }

        Assert.Equal([0ul], _api.Downloads);
        var state = await RunAsync("export", "lenet-3f2a", "--to", _home["state"], "--format", "optimizer");
        Assert.Equal((0, ""), (state.ExitCode, state.Errors));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(_home["state"]));

        // A file of the same path that is another one is not taken for it.
        (job.Result.WeightsPath, _api.Files["model.safetensors"]) = (_home["images"], [7]);
        job.Result.WeightsSha256 = "another";
        var other = await RunAsync("export", "lenet-3f2a", "--to", _home["other.safetensors"]);
        Assert.Equal((0, ""), (other.ExitCode, other.Errors));
        Assert.Equal([7], File.ReadAllBytes(_home["other.safetensors"]));
    }

    [Fact]
    public async Task Every_command_takes_a_checkpoint_of_a_job_in_any_state()
    {
        var job = Succeeded();
        (job.State, job.Result) = (JobState.Cancelled, null);
        _api.Jobs.Add(job);
        AddCheckpoint("step-7-1-2-0", 7, 0, accuracy: null);
        AddCheckpoint("best-step-5-1-1", 5, Steepness, accuracy: 0.8);

        var best = await RunAsync("evaluate", job.Id, "--checkpoint", "best", "-o", "json");
        var last = await RunAsync("evaluate", job.Id, "--checkpoint", "last", "-o", "json");
        var step = await RunAsync("export", job.Id, "--checkpoint", "5", "--to", _home["step.safetensors"]);
        var again = await RunAsync("predict", job.Id, "--checkpoint", "5", "--limit", "1");
        var got = await RunAsync("download", job.Id, "--checkpoint", "best", "--to", _home["got"]);

        Assert.Equal((0, "", 0.8), (best.ExitCode, best.Errors, (double)best.JsonLines.Single()["accuracy"]!));
        Assert.Equal((0, 0.4), (last.ExitCode, (double)last.JsonLines.Single()["accuracy"]!)); // All outputs are 0: the first class.
        Assert.Equal((0, 0, 0), (step.ExitCode, again.ExitCode, got.ExitCode));
        Assert.Equal(File.ReadAllBytes(_home["weights"]), File.ReadAllBytes(_home["step.safetensors"]));
        Assert.Equal(["model.safetensors", "optimizer.safetensors"], Directory.GetFiles(_home["got"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(4, _api.Downloads.Count); // Each file once.
    }

    [Fact]
    public async Task A_checkpoint_that_there_is_not_is_said()
    {
        var job = SampleJobs.Running(1, 9);
        _api.Jobs.Add(job);
        var none = await RunAsync("evaluate", job.Id, "--checkpoint", "last");
        _api.Checkpoints.Add(new CheckpointSummary { Id = "step-3-1-1-0", Step = 3 });
        var other = await RunAsync("evaluate", job.Id, "--checkpoint", "4");
        var best = await RunAsync("evaluate", job.Id, "--checkpoint", "best");
        var wrong = await RunAsync("evaluate", job.Id, "--checkpoint", "newest");
        var listed = await RunAsync("checkpoints", job.Id);

        Assert.Equal((1, $"Job {job.Id} has no checkpoint yet."), (none.ExitCode, none.Errors.Split('\n')[0]));
        Assert.Equal($"Job {job.Id} has no checkpoint of step 4.\nIt has those of steps 3.\n", other.Errors);
        Assert.Equal($"No checkpoint of job {job.Id} is one of the end of an epoch, so none is the best.\nTake the last one: --checkpoint last\n", best.Errors);
        Assert.Equal((2, "--checkpoint: expected best, last or the number of a step, got 'newest'."), (wrong.ExitCode, wrong.Errors.Split('\n')[0]));
        Assert.Matches(@"^STEP +EPOCHS +TEST LOSS +TEST +PINNED BY +SIZE +WRITTEN +CHECKPOINT\n3 +0 .*step-3-1-1-0", listed.Output);
    }

    [Fact]
    public async Task A_corrupt_checkpoint_is_named()
    {
        var job = Succeeded();
        (job.State, job.Result) = (JobState.Failed, null);
        _api.Jobs.Add(job);
        AddCheckpoint("step-7-1-2-0", 7, Steepness, accuracy: null);
        _api.Files["checkpoints/step-7-1-2-0/state.bin"][^1] ^= 1;
        var run = await RunAsync("evaluate", job.Id, "--checkpoint", "last");
        Assert.Equal(1, run.ExitCode);
        Assert.Matches($"^Checkpoint step-7-1-2-0 of job {job.Id} is corrupt: its state has SHA-256 [0-9a-f]{{64}}; its manifest says [0-9a-f]{{64}}.\nTake another one of: trainer checkpoints {job.Id}\n$", run.Errors);
    }

    [Fact]
    public async Task What_is_missing_is_said()
    {
        var running = SampleJobs.Running(1, 9);
        _api.Jobs.Add(running);

        var verifier = new Job(running) { Id = "verifier", State = JobState.Succeeded, Verification = new Verification { Job = running.Id } };
        _api.Jobs.Add(verifier);
        var verified = await RunAsync("export", verifier.Id, "--to", _home["model.onnx"]);
        Assert.Equal((1, $"Job verifier has no weights: it verifies job {running.Id}.\nTake those of job {running.Id}.\n"), (verified.ExitCode, verified.Errors));
        var unfinished = await RunAsync("evaluate", running.Id);
        var unknown = await RunAsync("predict", "nobody");
        var noJob = await RunAsync("evaluate", _home["weights"]);
        var noFile = await RunAsync("evaluate", _home["nothing"], "--job", _home["job.yaml"]);

        Assert.Equal((1, $"Job {running.Id} has no weights: it is running.\nTake those of a checkpoint: --checkpoint best, last or a step of: trainer checkpoints {running.Id}\n"), (unfinished.ExitCode, unfinished.Errors));
        Assert.Equal((1, "There is no job 'nobody'.\n"), (unknown.ExitCode, unknown.Errors));
        Assert.Equal(
            (2, $"{_home["weights"]} is a file of weights, which do not say what model they are of.\nGive the job file with --job.\n"),
            (noJob.ExitCode, noJob.Errors));
        Assert.Equal((1, $"There are no weights in {_home["nothing"]}: no such file.\n"), (noFile.ExitCode, noFile.Errors));
    }

    [Fact]
    public async Task Weights_of_another_model_and_labels_beyond_its_classes_are_refused()
    {
        File.WriteAllText(_home["other.yaml"], Job("[flatten: {}, {name: head, linear: {out_features: 3}}]"));
        WriteLabels("high", [0, 1, 2, 3, 0]);

        var other = await RunAsync("evaluate", _home["weights"], "--job", _home["other.yaml"]);
        var high = await RunAsync("evaluate", _home["weights"], "--job", _home["job.yaml"], "--images", _home["images"], "--labels", _home["high"]);

        Assert.Equal((1, $"{_home["weights"]}: has no head.bias, head.weight, which the model has (strict)\n"), (other.ExitCode, other.Errors));
        Assert.Equal((1, "The model knows 3 classes; the data's labels go up to 3 and need 4.\n"), (high.ExitCode, high.Errors));
    }

    [Fact]
    public async Task A_place_that_cannot_be_written_is_named()
    {
        var nowhere = await RunAsync("export", _home["weights"], "--job", _home["job.yaml"], "--to", _home["no/such/model.onnx"]);
        var folder = await RunAsync("export", _home["weights"], "--job", _home["job.yaml"], "--to", _home.Path);

        Assert.Equal((1, $"{_home["no/such/model.onnx"]} cannot be written: its folder does not exist.\n"), (nowhere.ExitCode, nowhere.Errors));
        Assert.Equal((1, $"{_home.Path} cannot be written: it is a folder.\n"), (folder.ExitCode, folder.Errors));
    }

    private Task<CommandRun> RunAsync(params string[] arguments) => CommandRun.InAsync(_home.Path, arguments);

    private Job Succeeded()
    {
        var job = SampleJobs.Succeeded;
        job.Id = "lenet-3f2a";
        job.Spec = JobRules.WithDefaults(JobFile.Read(_home["job.yaml"]));
        (job.Result.WeightsPath, job.Result.WeightsSha256) = (_home["weights"], Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(_home["weights"]))));
        return job;
    }

    private string Job(string layers) => $$"""
        name: known
        model:
          layers: {{layers}}
        data:
          idx: {train_images: images, train_labels: labels, test_images: images, test_labels: labels}
        training:
          epochs: 1
          batch_size: 4
          optimizer:
            sgd: {lr: 0.1}
        """;

    /// <summary>A linear layer that multiplies each of <paramref name="inputs"/> pixels by <paramref name="factor"/>.</summary>
    private void WriteWeights(int inputs = Classes, float factor = Steepness)
    {
        var isPooled = inputs != Classes;
        var model = new Model(new Shape(1, 1, inputs), isPooled ? [new Flatten(), new Flatten(), new Linear(Classes)] : [new Flatten(), new Linear(Classes)]);
        var layout = ParameterLayout.Of(model);
        var weights = new float[layout.Elements];
        var slot = layout.Slots.Single(slot => slot.Shape.Rank == 2);
        for (var k = 0; k < inputs; k++)
        {
            weights[slot.Offset + (k * inputs) + k] = factor;
        }

        Safetensors.WriteWeights(_home["weights"], layout, weights);
    }

    /// <summary>A checkpoint of the job, with a momentum buffer, as a worker writes it.</summary>
    private void AddCheckpoint(string id, ulong step, float factor, double? accuracy)
    {
        _api.Jobs[0].Spec.Training.Optimizer.Sgd.Momentum = 0.9;
        WriteWeights(factor: factor);
        var model = new Model(new Shape(1, 1, Classes), new Flatten(), new Linear(Classes));
        using var device = CpuDevice.Create(threads: 1);
        using var states = StatePair.Create(device, ParameterLayout.Of(model), new Sgd(0.1f, Momentum: 0.9f));
        foreach (var slot in states.Current.Layout.Slots)
        {
            Safetensors.Read(_home["weights"])[slot.Name].Values.CopyTo(states.Current.EditWeights()[slot.Offset..]);
        }

        var at = new FolderStore(_home[id]);
        var pending = CheckpointFiles.Write(at, _api.Jobs[0].Id, new CheckpointFacts(states.Current.Progress, model), states.CopyOut());
        pending.Commit();
        var manifest = CheckpointFiles.ReadManifest(at);
        foreach (var file in at.List(""))
        {
            _api.Files[$"checkpoints/{id}/{file.Key}"] = at.Get(file.Key)!;
        }

        var summary = new CheckpointSummary { Id = id, Step = step, Bytes = (ulong)manifest.Bytes, Sha256 = manifest.Sha256, Input = { 1, 1, Classes }, Classes = Classes, Best = accuracy is not null };
        _api.Checkpoints.Insert(0, summary);
    }

    /// <summary>Images of 1x3 pixels, of which one is white.</summary>
    private void WriteImages(string name, int[] white)
    {
        var file = new byte[16 + (Classes * white.Length)];
        BinaryPrimitives.WriteInt32BigEndian(file, 0x0803);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(4), white.Length);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(8), 1);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(12), Classes);
        for (var i = 0; i < white.Length; i++)
        {
            file[16 + (Classes * i) + white[i]] = 255;
        }

        File.WriteAllBytes(_home[name], file);
    }

    private void WriteLabels(string name, byte[] labels)
    {
        var file = new byte[8 + labels.Length];
        BinaryPrimitives.WriteInt32BigEndian(file, 0x0801);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(4), labels.Length);
        labels.CopyTo(file, 8);
        File.WriteAllBytes(_home[name], file);
    }
}
