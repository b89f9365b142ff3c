using Trainer.Cli.Tests.Fakes;
using Trainer.Protos;

namespace Trainer.Cli.Tests;

/// <summary>fork, checkpoint pin, checkpoint unpin</summary>
public sealed class ForkCommandTests : ClusterCommandTests
{
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        var job = SampleJobs.Running(1, 9);
        job.Spec = new JobSpec
        {
            Name = "lenet",
            Model = new Model { Zoo = "lenet" },
            Data = new Protos.Data { Dataset = "fashion-mnist" },
            Training = new Training { Epochs = 3, BatchSize = 256, Optimizer = new Optimizer { Sgd = new Sgd { Lr = 0.5 } } },
        };
        Api.Jobs.Add(job);
        Api.Checkpoints.Add(new CheckpointSummary { Id = "best-step-7-1-1", Step = 7, Hash = "00000000000000ab", Best = true });
        Api.Checkpoints.Add(new CheckpointSummary { Id = "step-9-1-1-0", Step = 9, Hash = "00000000000000cd" });
    }

    [Fact]
    public async Task A_fork_is_a_job_file_that_names_the_checkpoint_and_is_submitted()
    {
        CreateJobRequest? created = null;
        Api.Create = request =>
        {
            created = request;
            return new Job { Id = "6ed2ujta4p", Spec = request.Spec, State = JobState.Queued };
        };
        var file = Home["fork.yaml"];
        var run = await RunAsync("fork", SampleJobs.Id, "--step", "best", "--set", "training.optimizer.sgd.lr=0.01", "--set", "training.epochs=9", "--name", "longer", "--label", "a=b", "--to", file);

        Assert.Equal((0, $"{file} goes on from step 7 of job {SampleJobs.Id}.\n", "longer (6ed2ujta4p): queued\nFollow it with: trainer watch 6ed2ujta4p\n"), (run.ExitCode, run.Errors, run.Output));
        Assert.Equal(created!.Spec, JobFile.Read(file));
        Assert.Equal(("longer", 0.01, 9u, "b"), (created.Spec.Name, created.Spec.Training.Optimizer.Sgd.Lr, created.Spec.Training.Epochs, created.Labels["a"]));
        Assert.Equal(new InitFrom { Job = SampleJobs.Id, Checkpoint = "7", Hash = "00000000000000ab" }, created.Spec.Training.Init.From);

        run = await RunAsync("fork", SampleJobs.Id, "--to", file);
        Assert.Equal((1, $"{file} is there already.\nReplace it with --force, or give another file with --to.\n"), (run.ExitCode, run.Errors));
        run = await RunAsync("fork", SampleJobs.Id, "--to", file, "--force");
        Assert.Equal((0, "9"), (run.ExitCode, JobFile.Read(file).Training.Init.From.Checkpoint)); // The last one, where none is named.
        run = await RunAsync("fork", SampleJobs.Id, "--step", "8", "--to", file);
        Assert.Equal($"Job {SampleJobs.Id} has no checkpoint of step 8.\nIt has those of steps 7, 9.\n", run.Errors);
        run = await RunAsync("fork", SampleJobs.Id, "--set", "training.epochs=0", "--to", Home["other.yaml"]);
        Assert.Equal((2, "Such a job cannot be."), (run.ExitCode, run.Errors.Split('\n')[0]));
        Assert.Contains("training.epochs: must be at least 1, got 0", run.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(Home["other.yaml"]));
    }

    [Fact]
    public async Task A_checkpoint_is_pinned_and_let_go()
    {
        var run = await RunAsync("checkpoint", "pin", SampleJobs.Id, "7");
        Assert.Equal((0, $"The checkpoint of step 7 of job {SampleJobs.Id} stays (pinned by user).\n"), (run.ExitCode, run.Output));
        Assert.Matches(@"best +user +", (await RunAsync("checkpoints", SampleJobs.Id)).Output);
        run = await RunAsync("checkpoint", "unpin", SampleJobs.Id, "7", "--output", "json");
        Assert.Empty(run.JsonLines[0]["pinned_by"]!.AsArray());
    }
}
