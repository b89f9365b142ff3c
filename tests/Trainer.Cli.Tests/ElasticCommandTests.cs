using Google.Protobuf.WellKnownTypes;
using Trainer.Cli.Tests.Fakes;
using Trainer.Protos;

namespace Trainer.Cli.Tests;

/// <summary>suspend, resume, scale, verify, journal, worker drain, adopt, release</summary>
public sealed class ElasticCommandTests : ClusterCommandTests
{
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Api.Jobs.Add(SampleJobs.Queued);
    }

    [Fact]
    public async Task Suspend_and_resume_say_what_the_job_does()
    {
        var suspended = await RunAsync("suspend", "lenet-3f2a");
        Assert.Equal(("lenet (lenet-3f2a): suspending, the user suspends it: a checkpoint is written.\n", 0), (suspended.Output, suspended.ExitCode));
        var resumed = await RunAsync("resume", "lenet-3f2a");
        Assert.Equal(("lenet (lenet-3f2a): queued, resumed by the user. Waiting for workers.\n", 0), (resumed.Output, resumed.ExitCode));
    }

    [Fact]
    public async Task Scale_sends_what_was_given_and_says_what_holds()
    {
        var run = await RunAsync("scale", "lenet-3f2a", "--max", "4");
        Assert.Equal(("lenet (lenet-3f2a): 1 to 4 workers.\n", 0), (run.Output, run.ExitCode));
        Assert.Equal(["spec.cluster.max_workers"], Api.Update!.UpdateMask.Paths);
        Assert.False(Api.Update.Job.Spec.Cluster.HasMinWorkers);

        var nothing = await RunAsync("scale", "lenet-3f2a");
        Assert.Equal(("trainer scale needs --min, --max or both.\nSee: trainer scale --help\n", 2), (nothing.Errors, nothing.ExitCode));
        var none = await RunAsync("scale", "lenet-3f2a", "--min", "0");
        Assert.Equal(("--min must be 1 to 4096, got 0.\nSee: trainer scale --help\n", 2), (none.Errors, none.ExitCode));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0, "--all")]
    [InlineData(900, 1000, "--steps", "900-1000")]
    public async Task Verify_asks_for_steps_and_names_both_jobs(ulong first, ulong last, params string[] options)
    {
        var run = await RunAsync(["verify", "lenet-3f2a", .. options]);
        Assert.Equal(("lenet, verifying lenet-3f2a (check-77): queued, waiting for workers.\nFollow it with: trainer watch check-77\n", 0), (run.Output, run.ExitCode));
        Assert.Equal((first, last), (Api.Verify!.FirstStep, Api.Verify.LastStep));
        Assert.True(Guid.TryParse(Api.Verify.RequestId, out _));
    }

    [Theory]
    [InlineData("--steps must be two step numbers, from 1 and in order, as 900-1000, got '9-3'.", "--steps", "9-3")]
    [InlineData("--steps must be two step numbers, from 1 and in order, as 900-1000, got '0-3'.", "--steps", "0-3")]
    [InlineData("--steps must be two step numbers, from 1 and in order, as 900-1000, got '7'.", "--steps", "7")]
    [InlineData("--steps and --all exclude each other.", "--all", "--steps", "1-2")]
    public async Task Verify_refuses_ranges_that_are_none(string error, params string[] options)
    {
        var run = await RunAsync(["verify", "lenet-3f2a", .. options]);
        Assert.Equal(($"{error}\nSee: trainer verify --help\n", 2), (run.Errors, run.ExitCode));
    }

    [Fact]
    public async Task The_journal_is_a_table_or_an_object_a_line()
    {
        var empty = await RunAsync("journal", "lenet-3f2a");
        Assert.Equal("No worker has trained this job yet.\n", empty.Output);

        var fault = Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch.AddDays(20000));
        Api.Journal.Add(new JournalEntry { Generation = "1.1", FromStep = 1, Reason = "Started", Steps = 36, Samples = 9216, Members = { new JournalMember { Worker = "worker-0", Shards = 8 }, new JournalMember { Worker = "worker-1", Shards = 8 } } });
        Api.Journal.Add(new JournalEntry
        {
            Generation = "1.3",
            FromStep = 37,
            Reason = "WorkerLost",
            Lost = { "worker-1" },
            Steps = 10,
            Samples = 2560,
            Unrecorded = { new ItemRange { First = 40, Last = 42 }, new ItemRange { First = 47, Last = 47 } },
            StepsRedone = 1,
            FaultTime = fault,
            FirstCommitTime = fault + Duration.FromTimeSpan(TimeSpan.FromSeconds(0.4)),
            Members = { new JournalMember { Worker = "worker-0", Shards = 16 } },
        });
        var table = await RunAsync("journal", "lenet-3f2a");
        Assert.Equal(
            """
            GENERATION  FROM  STEPS  SAMPLES  REDONE  MEMBERS                     REASON      LOST      BACK AFTER  UNRECORDED
            1.1         1     36     9,216    0       worker-0 (8), worker-1 (8)  Started
            1.3         37    10     2,560    1       worker-0 (16)               WorkerLost  worker-1  0.4 s       40-42, 47

            """,
            table.Output);
        var lines = (await RunAsync("journal", "lenet-3f2a", "--output", "json")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("""{"generation":"1.3","from_step":37,"members":[{"worker":"worker-0","shards":16}],"reason":"WorkerLost","lost":["worker-1"],""", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_drained_worker_is_told_and_shown()
    {
        Api.Workers.Add(new Worker { Name = "worker-1", Job = "lenet-3f2a", Draining = true });
        var run = await RunAsync("worker", "drain", "worker-1");
        Assert.Equal(("Worker worker-1 leaves its job and takes no other; see it with: trainer workers\n", 0), (run.Output, run.ExitCode));
        Assert.Equal(("worker-1", true), Api.Drain);
        Assert.Contains("lenet-3f2a (leaving)", (await RunAsync("workers")).Output, StringComparison.Ordinal);

        await RunAsync("worker", "drain", "worker-1", "--undo");
        Assert.Equal(("worker-1", false), Api.Drain);
        var unknown = await RunAsync("worker", "drain", "worker-7");
        Assert.Equal(("There is no worker worker-7.", 1), (unknown.Errors.Split('\n')[0], unknown.ExitCode));
    }

    [Fact]
    public async Task An_orphaned_worker_is_shown_adopted_or_released()
    {
        Api.Workers.Add(new Worker { Name = "worker-1", Job = "lenet-3f2a", Orphaned = true });
        Assert.Contains("lenet-3f2a (ORPHANED)", (await RunAsync("workers")).Output, StringComparison.Ordinal);
        var adopted = await RunAsync("worker", "adopt", "worker-1");
        Assert.Equal(
            ("lenet (lenet-3f2a): recovering, the store did not know this job.\nFollow it with: trainer watch lenet-3f2a\n", 0), (adopted.Output, adopted.ExitCode));

        var released = await RunAsync("worker", "release", "worker-1");
        Assert.Equal(("Worker worker-1 drops what it holds of its job; see it with: trainer workers\n", 0), (released.Output, released.ExitCode));
        var idle = await RunAsync("worker", "release", "worker-7");
        Assert.Equal(("Worker worker-7 serves no job.", 1), (idle.Errors.Split('\n')[0], idle.ExitCode));
    }

    [Fact]
    public async Task What_is_in_quarantine_is_shown_and_cleared()
    {
        var time = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTime(new DateTime(2026, 11, 29, 9, 5, 7, DateTimeKind.Utc));
        Api.Quarantines.Add(new Quarantine { Machine = "5f0c", Device = "cuda:0", Worker = "worker-3", Job = "lenet-3f2a", Reason = "The total of chunk 2 has changed in memory.", Time = time });
        Api.Quarantines.Add(new Quarantine { Machine = "77aa", Worker = "worker-4", Job = "lenet-3f2a", Reason = "its state is not that of the others", Time = time });
        Api.Workers.Add(new Worker { Name = "worker-3", Quarantined = true });
        var shown = (await RunAsync("workers")).Output;
        Assert.Contains("in quarantine", shown.Split('\n')[1], StringComparison.Ordinal);
        Assert.EndsWith(
            "\n\nMachine 5f0c, device cuda:0, is in quarantine since 2026-11-29 09:05:07 UTC: worker-3, job lenet-3f2a: The total of chunk 2 has changed in memory. "
            + "Test its memory, then: trainer worker clear 5f0c --device cuda:0\n"
            + "Machine 77aa is in quarantine since 2026-11-29 09:05:07 UTC: worker-4, job lenet-3f2a: its state is not that of the others. "
            + "Test its memory, then: trainer worker clear 77aa\n",
            shown,
            StringComparison.Ordinal);
        Assert.Contains("\"machine\":\"5f0c\"", (await RunAsync("workers", "-o", "json")).Output.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);

        var run = await RunAsync("worker", "clear", "5f0c", "--device", "cuda:0");
        Assert.Equal(("Machine 5f0c, device cuda:0, may be granted to jobs again.\n", 0), (run.Output, run.ExitCode));
        Assert.Equal("Machine 77aa may be granted to jobs again.\n", (await RunAsync("worker", "clear", "77aa")).Output);
        var unknown = await RunAsync("worker", "clear", "worker-7");
        Assert.Equal(("Nothing of machine or worker worker-7 is in quarantine.", 1), (unknown.Errors.Split('\n')[0], unknown.ExitCode));
    }
}
