using Google.Protobuf.WellKnownTypes;
using Trainer.Cli.Errors;
using Trainer.Cli.Output;
using Trainer.Cli.Tests.Fakes;
using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Cli.Tests;

/// <summary>update, delete, queue, jobs --filter, worker describe, cluster describe</summary>
public sealed class ManagementCommandTests : ClusterCommandTests
{
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Api.Jobs.Add(SampleJobs.Queued);
    }

    [Fact]
    public async Task Update_sends_what_was_given_and_shows_the_job()
    {
        var run = await RunAsync("update", SampleJobs.Id, "--label", "team=vision", "--label", "a/b=c=d", "--remove-label", "draft", "--notes", "my words", "--priority", "-3", "--etag", "7");
        Assert.Equal(("", 0), (run.Errors, run.ExitCode));
        Assert.Equal(["labels.team", "labels.a/b", "labels.draft", "notes", "spec.cluster.priority"], Api.Update!.UpdateMask.Paths);
        Assert.Equal(("7", "my words", -3, "c=d"), (Api.Update.Job.Etag, Api.Update.Job.Notes, Api.Update.Job.Spec.Cluster.Priority, Api.Update.Job.Labels["a/b"]));
        Assert.Contains("  labels   a/b=c=d, team=vision\n  notes    my words\n", (await RunAsync("get", SampleJobs.Id)).Output, StringComparison.Ordinal);

        var nothing = await RunAsync("update", SampleJobs.Id);
        Assert.Equal(("trainer update needs --label, --remove-label, --notes or --priority.\nSee: trainer update --help\n", 2), (nothing.Errors, nothing.ExitCode));
        var wrong = await RunAsync("update", SampleJobs.Id, "--label", "team");
        Assert.Equal(("--label: expected KEY=VALUE, got 'team'.\nSee: trainer update --help\n", 2), (wrong.Errors, wrong.ExitCode));
    }

    [Fact]
    public async Task Metrics_are_shown_as_curves_and_as_comma_separated_values()
    {
        Assert.Equal("No step of this job is on record.\n", (await RunAsync("metrics", SampleJobs.Id)).Output);
        foreach (var (step, loss) in new[] { (1u, 2.5), (2u, 1.5), (3u, 0.5) })
        {
            Api.Steps.Add(new StepMetrics { Step = step, Epoch = 1, Time = Timestamp.FromDateTime(DateTime.UnixEpoch), Loss = loss, Accuracy = 0.25, LearningRate = 0.1, ImagesPerSecond = 1000 });
        }

        var curves = await RunAsync("metrics", SampleJobs.Id);
        Assert.Equal("METRIC  CURVE  FIRST  LAST  LOWEST  HIGHEST\nloss    █▅▁    2.5    0.5   0.5     2.5\n\nUp to step 3. All of it: --csv\n", curves.Output);
        var json = await RunAsync("metrics", SampleJobs.Id, "loss", "--output", "json");
        Assert.Equal("{\"metric\":\"loss\",\"points\":[{\"step\":1,\"value\":2.5},{\"step\":2,\"value\":1.5},{\"step\":3,\"value\":0.5}]}\n", json.Output);
        var csv = await RunAsync("metrics", SampleJobs.Id, "--csv", "--follow");
        Assert.Equal(
            "step,epoch,time,loss,accuracy,learning_rate,gradient_norm,images_per_second,data_seconds,forward_seconds,backward_seconds,allreduce_seconds,optimizer_seconds\n"
                + "1,1,1970-01-01T00:00:00.000Z,2.5,0.25,0.1,,1000,0,0,0,0,0\n",
            string.Concat(csv.Output.Split('\n').Take(2).Select(line => line + "\n")));

        var both = await RunAsync("metrics", SampleJobs.Id, "loss", "--csv");
        Assert.Equal(("--csv gives all numbers of every step: leave out names and --output json.\nSee: trainer metrics --help\n", 2), (both.Errors, both.ExitCode));
        var follow = await RunAsync("metrics", SampleJobs.Id, "--follow");
        Assert.Equal(("--follow needs --csv: curves are of what is on record now.\nSee: trainer metrics --help\n", 2), (follow.Errors, follow.ExitCode));
    }

    [Fact]
    public async Task Delete_needs_to_be_told_twice()
    {
        var run = await RunAsync("delete", SampleJobs.Id);
        Assert.Equal(("Job lenet (lenet-3f2a), its log and its files are about to be deleted. This cannot be undone.\nSay --yes to do it.\n", 2), (run.Errors, run.ExitCode));
        Assert.Single(Api.Jobs);
        run = await RunAsync("delete", SampleJobs.Id, "--yes");
        Assert.Equal(("lenet (lenet-3f2a) is deleted.\n", 0), (run.Output, run.ExitCode));
        Assert.Empty(Api.Jobs);
        run = await RunAsync("delete", SampleJobs.Id, "--yes");
        Assert.Equal(("There is no job 'lenet-3f2a'.", 1), (run.Errors.Split('\n')[0], run.ExitCode));
    }

    [Fact]
    public async Task Prune_shows_what_goes_and_needs_to_be_told_twice()
    {
        var none = await RunAsync("prune", "--keep-for", "30d");
        Assert.Equal((0, "No job's files are beyond the limits.\n"), (none.ExitCode, none.Output));
        Api.Pruned.Jobs.Add(new PrunedJob { Id = SampleJobs.Id, Name = "lenet", State = JobState.Failed, EndTime = Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch), Bytes = 3 << 20 });
        Api.Pruned.Bytes = 3 << 20;
        var dry = await RunAsync("prune", "--keep-for", "12h", "--keep-jobs", "3", "--keep-bytes", "2MiB", "--dry-run");
        Assert.Matches(@"^ID +NAME +STATE +ENDED +SIZE\nlenet-3f2a +lenet +failed +.* 3\.0 MiB\n3\.0 MiB would be deleted\.\n$", dry.Output);
        Assert.Equal(new PruneJobsRequest { MaxAgeSeconds = 43200, MaxJobs = 3, MaxBytes = 2 << 20, ValidateOnly = true }, Api.Prunes[^1]);
        var asked = await RunAsync("prune", "--keep-jobs", "3");
        Assert.Equal((2, "The files of 1 job (3.0 MiB) are deleted. This cannot be undone.\nSay --yes to do it.\n"), (asked.ExitCode, asked.Errors));
        Assert.True(Api.Prunes[^1].ValidateOnly);
        var done = await RunAsync("prune", "--keep-jobs", "3", "--yes", "--output", "json");
        Assert.Equal((0, true, false), (done.ExitCode, (bool)done.JsonLines[0]["deleted"]!, Api.Prunes[^1].ValidateOnly));
        var wrong = await RunAsync("prune", "--keep-for", "30");
        Assert.Equal((2, "--keep-for: expected a number with d, h or m behind it, got '30'."), (wrong.ExitCode, wrong.Errors.Split('\n')[0]));
    }

    [Theory]
    [InlineData("y", true)]
    [InlineData(" Yes", true)]
    [InlineData("n", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_terminal_is_asked(string? answer, bool goesOn)
    {
        var asked = "";
        var shell = new Shell
        {
            Out = TextWriter.Null,
            Error = TextWriter.Null,
            Environment = _ => null,
            Ask = question =>
            {
                asked = question;
                return answer;
            },
        };
        var refusal = Record.Exception(() => Confirmation.Require(yes: false, shell, "All goes."));
        Assert.Equal(("All goes. This cannot be undone. Go on? [y/N] ", goesOn ? null : "Nothing was done."), (asked, (refusal as CliException)?.Message));
    }

    [Fact]
    public async Task The_queue_is_a_table_of_who_waits_for_what()
    {
        Assert.Equal("No job waits.\n", (await RunAsync("queue")).Output);
        var entry = new QueueEntry { Job = SampleJobs.Id, Name = "lenet", State = JobState.Queued, Priority = 7, MinWorkers = 2, Message = "It needs 2; of 3 that fit, 1 is free, 2 for other." };
        entry.WaitTime = TimeProvider.System.GetUtcNow().AddSeconds(-90).ToTimestamp();
        Api.Queue.Entries.Add(entry);
        var lines = (await RunAsync("queue")).Output.Split('\n');
        Assert.Equal("ID          NAME   PRIORITY  WAITS       FOR", lines[0]);
        Assert.Matches("^lenet-3f2a  lenet  7         1 min [23]\\d s  It needs 2; of 3 that fit, 1 is free, 2 for other.$", lines[1]);
        var json = (await RunAsync("queue", "-o", "json")).JsonLines.Single();
        Assert.Equal(("QUEUED", 2), ((string?)json["entries"]![0]!["state"], (int)json["entries"]![0]!["min_workers"]!));
    }

    [Fact]
    public async Task A_store_is_copied_and_no_file_is_replaced_unasked()
    {
        var (folder, copy) = (Home["store"], Home["copy.db"]);
        new SqliteAddress(folder).Open().Dispose();
        var first = await RunAsync("backup", "--to", copy, "-o", "json");
        Assert.Equal((copy, 0), ((string?)first.JsonLines.Single()["file"], (int)first.JsonLines.Single()["jobs"]!));
        Assert.Contains($"{copy} is there already.\nReplace it with --force, or give another file with --to.", (await RunAsync("backup", "--to", copy)).Errors, StringComparison.Ordinal);
        Assert.EndsWith("): 0 jobs.\n", (await RunAsync("backup", "--to", copy, "--force")).Output, StringComparison.Ordinal);
        Assert.Contains("There is no store in /nowhere: it has no jobs.db.", (await RunAsync("backup", "--store", "/nowhere", "--to", copy, "--force")).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Jobs_sends_filter_and_order_and_asks_for_no_more_than_it_shows()
    {
        await RunAsync("jobs", "--filter", "labels.team = vision", "--order-by", "name desc");
        Assert.Equal(("labels.team = vision", "name desc", JobView.Basic), (Api.List!.Filter, Api.List.OrderBy, Api.List.View));
        await RunAsync("jobs", "-o", "json");
        Assert.Equal(("", "", JobView.Full), (Api.List.Filter, Api.List.OrderBy, Api.List.View));
    }

    [Fact]
    public async Task Jobs_are_followed_a_line_for_each_change()
    {
        var (running, queued) = (SampleJobs.Running(1, 9), SampleJobs.Queued);
        Api.Changes.AddRange([new() { Job = queued }, new(), new() { Job = running }, new() { Job = SampleJobs.Running(1, 10) }, new() { Removed = SampleJobs.Id }]);
        using var follow = RunningCommand.Start(Home.Path, "jobs", "--follow", "--filter", "name = lenet");
        await follow.SaysAsync("lenet-3f2a is gone.\n");
        follow.Interrupt();
        var run = await follow.EndAsync();
        Assert.Equal("lenet (lenet-3f2a): queued, waiting for 2 workers.\nlenet (lenet-3f2a): running\nlenet-3f2a is gone.\n", run.Output);
        var both = await RunAsync("jobs", "--follow", "--state", "queued");
        Assert.Equal(("--follow goes with --filter alone: give states there, as in --filter 'state = RUNNING'.\nSee: trainer jobs --help\n", 2), (both.Errors, both.ExitCode));
    }

    [Fact]
    public async Task Worker_andCluster_are_described()
    {
        Api.Workers.Add(new Worker { Name = "worker-1", Device = "AMD EPYC", DeviceKind = "cpu", Threads = 4, Job = SampleJobs.Id, Numerics = "canonical-7", Node = "host:1", Machine = "m", LastSeenSeconds = 0.5 });
        var worker = await RunAsync("worker", "describe", "worker-1");
        Assert.Equal(
            """
              name      worker-1
              serves    lenet-3f2a
              device    AMD EPYC (cpu)
              numerics  canonical-7
              node      host:1
              machine   m
              seen      0.5 s ago

            """, worker.Output);
        var cluster = (await RunAsync("cluster", "describe")).Output;
        Assert.Contains("  coordinator  coordinator, for 1 min 30 s\n", cluster, StringComparison.Ordinal);
        Assert.EndsWith("  workers      3, 1 of them idle\n  jobs         2 running\n", cluster, StringComparison.Ordinal);
    }
}
