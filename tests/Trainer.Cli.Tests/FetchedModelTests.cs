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

/// <summary>Weights that evaluate, predict and export fetch from the cluster: results, and checkpoints of jobs in any state.</summary>
public sealed class FetchedModelTests : TrainedModelTests
{
    [Fact]
    public async Task What_is_not_to_be_seen_from_here_is_fetched_once()
    {
        var job = Succeeded();
        Api.Jobs.Add(job);
        Api.Files["model.safetensors"] = File.ReadAllBytes(Home["weights"]);
        Api.Files["optimizer.safetensors"] = [1, 2, 3];
        job.Result.WeightsPath = "/pod/jobs/lenet-3f2a/model.safetensors";

        foreach (var _ in new[] { 1, 2 })
        {
            var run = await RunAsync("evaluate", "lenet-3f2a", "-o", "json");
            Assert.Equal((0, "", 0.8), (run.ExitCode, run.Errors, (double)run.JsonLines.Single()["accuracy"]!));
        }

        Assert.Equal([0ul], Api.Downloads);
        var state = await RunAsync("export", "lenet-3f2a", "--to", Home["state"], "--format", "optimizer");
        Assert.Equal((0, ""), (state.ExitCode, state.Errors));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(Home["state"]));

        // A file of the same path that is another one is not taken for it.
        (job.Result.WeightsPath, Api.Files["model.safetensors"]) = (Home["images"], [7]);
        job.Result.WeightsSha256 = "another";
        var other = await RunAsync("export", "lenet-3f2a", "--to", Home["other.safetensors"]);
        Assert.Equal((0, ""), (other.ExitCode, other.Errors));
        Assert.Equal([7], File.ReadAllBytes(Home["other.safetensors"]));
    }

    [Fact]
    public async Task Every_command_takes_a_checkpoint_of_a_job_in_any_state()
    {
        var job = Succeeded();
        (job.State, job.Result) = (JobState.Cancelled, null);
        Api.Jobs.Add(job);
        AddCheckpoint("step-7-1-2-0", 7, 0, accuracy: null);
        AddCheckpoint("best-step-5-1-1", 5, Steepness, accuracy: 0.8);

        var best = await RunAsync("evaluate", job.Id, "--checkpoint", "best", "-o", "json");
        var last = await RunAsync("evaluate", job.Id, "--checkpoint", "last", "-o", "json");
        var step = await RunAsync("export", job.Id, "--checkpoint", "5", "--to", Home["step.safetensors"]);
        var again = await RunAsync("predict", job.Id, "--checkpoint", "5", "--limit", "1");
        var got = await RunAsync("download", job.Id, "--checkpoint", "best", "--to", Home["got"]);

        Assert.Equal((0, "", 0.8), (best.ExitCode, best.Errors, (double)best.JsonLines.Single()["accuracy"]!));
        Assert.Equal((0, 0.4), (last.ExitCode, (double)last.JsonLines.Single()["accuracy"]!)); // All outputs are 0: the first class.
        Assert.Equal((0, 0, 0), (step.ExitCode, again.ExitCode, got.ExitCode));
        Assert.Equal(File.ReadAllBytes(Home["weights"]), File.ReadAllBytes(Home["step.safetensors"]));
        Assert.Equal(["model.safetensors", "optimizer.safetensors"], Directory.GetFiles(Home["got"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(4, Api.Downloads.Count); // Each file once.
    }

    [Fact]
    public async Task A_checkpoint_that_there_is_not_is_said()
    {
        var job = SampleJobs.Running(1, 9);
        Api.Jobs.Add(job);
        var none = await RunAsync("evaluate", job.Id, "--checkpoint", "last");
        Api.Checkpoints.Add(new CheckpointSummary { Id = "step-3-1-1-0", Step = 3 });
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
        Api.Jobs.Add(job);
        AddCheckpoint("step-7-1-2-0", 7, Steepness, accuracy: null);
        Api.Files["checkpoints/step-7-1-2-0/state.bin"][^1] ^= 1;
        var run = await RunAsync("evaluate", job.Id, "--checkpoint", "last");
        Assert.Equal(1, run.ExitCode);
        Assert.Matches($"^Checkpoint step-7-1-2-0 of job {job.Id} is corrupt: its state has SHA-256 [0-9a-f]{{64}}; its manifest says [0-9a-f]{{64}}.\nTake another one of: trainer checkpoints {job.Id}\n$", run.Errors);
    }

    /// <summary>A checkpoint of the job, with a momentum buffer, as a worker writes it.</summary>
    private void AddCheckpoint(string id, ulong step, float factor, double? accuracy)
    {
        Api.Jobs[0].Spec.Training.Optimizer.Sgd.Momentum = 0.9;
        WriteWeights(factor: factor);
        var model = new Model(new Shape(1, 1, Classes), new Flatten(), new Linear(Classes));
        using var device = CpuDevice.Create(threads: 1);
        using var states = StatePair.Create(device, ParameterLayout.Of(model), new Sgd(0.1f, Momentum: 0.9f));
        foreach (var slot in states.Current.Layout.Slots)
        {
            Safetensors.Read(Home["weights"])[slot.Name].Values.CopyTo(states.Current.EditWeights()[slot.Offset..]);
        }

        var at = new FolderStore(Home[id]);
        var pending = CheckpointFiles.Write(at, Api.Jobs[0].Id, new CheckpointFacts(states.Current.Progress, model), states.CopyOut());
        pending.Commit();
        var manifest = CheckpointFiles.ReadManifest(at);
        foreach (var file in at.List(""))
        {
            Api.Files[$"checkpoints/{id}/{file.Key}"] = at.Get(file.Key)!;
        }

        var summary = new CheckpointSummary { Id = id, Step = step, Bytes = (ulong)manifest.Bytes, Sha256 = manifest.Sha256, Input = { 1, 1, Classes }, Classes = Classes, Best = accuracy is not null };
        Api.Checkpoints.Insert(0, summary);
    }
}
