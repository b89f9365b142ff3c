using Trainer.Coordinator.Jobs;
using Trainer.Kernels.Canonical;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs;

public sealed class JobMachineStartTests
{
    [Fact]
    public void A_new_job_waits_and_says_so_again_and_again()
    {
        var job = new JobScenario(Samples.Spec(min: 2, max: 5, priority: 3));
        var waiting = Assert.Single(job.Told<JobWaiting>());
        Assert.Equal(("j-1", 2u, 5u, 3, ""), (waiting.Job, waiting.MinWorkers, waiting.MaxWorkers, waiting.Priority, waiting.Numerics));
        Assert.Equal(Samples.Noon.ToUnixTimeMilliseconds(), waiting.CreatedUnixMs);

        job.Pass(2.8);
        Assert.Empty(job.Actions);
        job.Pass(0.2);
        Assert.Single(job.Told<JobWaiting>());
    }

    [Fact]
    public void Why_it_waits_is_its_message_and_no_transition()
    {
        var spec = Samples.Spec();
        spec.Cluster.Device = "cuda";
        var job = new JobScenario(spec);
        Assert.Equal("cuda", Assert.Single(job.Told<JobWaiting>()).Device);

        job.Explain("Waiting for workers: there is none.");
        Assert.Equal((JobState.Queued, "Waiting for workers: there is none.", 1), (job.Stored.State, job.Stored.Message, job.Stored.Transitions.Count));
        job.Explain("Waiting for workers: there is none.");
        Assert.Empty(job.Actions);

        job.Grant("a").Explain("Waiting for workers: there is none.");
        Assert.Equal("Starting on a.", job.Row.Message);
    }

    [Fact]
    public void A_spec_of_a_later_release_is_left_alone_until_somebody_cancels_it()
    {
        var job = new JobScenario(Samples.Row() with { UnknownFields = ["training.ema", "model.layers[2].mamba"] });
        var message = $"This job asks for what release {Hosting.TrainerVersion.Current} does not know: training.ema, model.layers[2].mamba. A coordinator of the release that made it runs it.";
        Assert.Equal((JobState.Queued, message, 1), (job.Stored.State, job.Stored.Message, (int)job.Stored.Version));
        Assert.Empty(job.Told<JobWaiting>());

        job.Pass(20);
        Assert.Empty(job.Actions);
        job.Grant("a", "b");
        Assert.Empty(job.Actions);

        job.Cancel();
        Assert.Equal(JobState.Cancelled, job.Stored.State);
    }

    [Fact]
    public void A_grant_is_stored_before_the_workers_are_started()
    {
        var job = new JobScenario().Grant("c", "a", "b");
        Assert.Equal((JobState.Starting, "WorkersGranted", "Starting on a, b, c."), (job.Row.State, job.Reason, job.Row.Message));
        Assert.Equal((1ul, 1ul, "v1"), (job.Row.Generation.Term, job.Row.Generation.Number, job.Row.Numerics));
        Assert.IsType<Save>(job.Actions[0]);

        var starts = job.Orders<Start>().ToList();
        Assert.Equal(["a", "b", "c"], starts.Select(start => start.Message.Worker));
        Assert.Equal([0u, 1u, 2u], starts.Select(start => start.Message.Rank));
        Assert.All(starts, start =>
        {
            Assert.Equal(JobScenario.Path(start.Message.Worker), start.To);
            Assert.Equal(job.Row.Generation, start.Message.Generation);
            Assert.Equal(job.Row.Assignment, start.Message.Assignment);
            Assert.Equal(job.Row.Spec, start.Message.Spec);
            Assert.Equal(("/artifacts/j-1", "secret", 0ul), (start.Message.Artifacts, start.Message.Secret.ToStringUtf8(), start.Message.FromStep));
        });
        Assert.Equal("[0,4)[12,14) [4,8)[14,15) [8,12)[15,16)", Roots(starts[0].Message.Assignment));
        Assert.Equal(["unix:/a"], starts[0].Message.Assignment.Members[0].LinkEndpoints);
    }

    [Fact]
    public void What_gives_bits_up_is_asked_for_and_pinned_by_its_own_id()
    {
        var spec = Samples.Spec();
        (spec.Training.Compute, spec.Training.Gradients) = ("tf32", "bf16");
        var job = new JobScenario(spec);
        Assert.Equal(new Arithmetic { Compute = "tf32", Gradients = "bf16" }, Assert.Single(job.Told<JobWaiting>()).Arithmetic);

        var worker = JobScenario.Worker("a");
        worker.Arithmetics.Add(new Arithmetic { Compute = "tf32", Gradients = "fp32", Numerics = "v1+tf32" });
        worker.Arithmetics.Add(new Arithmetic { Compute = "tf32", Gradients = "bf16", Numerics = "v1+tf32+bf16-gradients" });
        var started = job.Machine.Decide(new Granted(job.Now, [worker], Google.Protobuf.ByteString.Empty)).Next;
        Assert.Equal("v1+tf32+bf16-gradients", started.Row.Numerics);
    }

    [Fact]
    public void Members_of_a_host_are_neighbours()
    {
        var job = new JobScenario();
        var decision = job.Machine.Decide(new Granted(job.Now, [.. Hosts(("a", "y"), ("b", "x"), ("c", "y"), ("d", "x"))], Google.Protobuf.ByteString.Empty));
        Assert.Equal(["b", "d", "a", "c"], decision.Next.Row.Assignment!.Members.Select(member => member.Worker));
    }

    [Fact]
    public void More_workers_than_shards_are_not_used()
    {
        var job = new JobScenario(Samples.Spec(shards: 2)).Grant("a", "b", "c");
        Assert.Equal(["a", "b"], job.Orders<Start>().Select(start => start.Message.Worker));
    }

    [Fact]
    public void A_grant_of_too_few_or_at_another_time_is_ignored()
    {
        var job = new JobScenario(Samples.Spec(min: 2)).Grant("a");
        Assert.Equal(JobState.Queued, job.Row.State);
        job.Running("a", "b").Grant("c", "d");
        Assert.Empty(job.Actions);
        Assert.Equal(["a", "b"], job.Machine.Members.Select(member => member.Name));
    }

    [Fact]
    public void It_runs_once_all_have_started()
    {
        var job = new JobScenario().Grant("a", "b").Started("b");
        Assert.Equal(JobState.Starting, job.Row.State);
        job.Pass(1).Started("b");
        Assert.Equal(JobState.Starting, job.Row.State);
        job.Started("a");
        Assert.Equal((JobState.Running, "WorkersStarted", "Training on a, b."), (job.Stored.State, job.Reason, job.Stored.Message));
        Assert.Equal(job.Now, job.Stored.Started);
    }

    [Fact]
    public void A_committed_step_proves_that_all_have_started()
    {
        var job = new JobScenario().Grant("a", "b").Started("a").Step("a", 1);
        Assert.Equal(JobState.Running, job.Stored.State);
    }

    [Fact]
    public void Who_does_not_start_in_time_is_named()
    {
        var job = new JobScenario().Grant("a", "b", "c").Started("b").Pass(29.8);
        Assert.Equal(JobState.Starting, job.Row.State);
        job.Pass(0.2);
        Assert.Equal((JobState.Failed, "StartTimeout", "Not started within 30 s: a, c."), (job.Stored.State, job.Reason, job.Stored.Message));
        Assert.Equal(["a", "b", "c"], job.Orders<Release>().Select(release => release.Message.Worker));
    }

    [Fact]
    public void A_busy_worker_sends_the_job_back_to_the_queue()
    {
        var job = new JobScenario().Grant("a", "b").Busy("b", "j-9");
        Assert.Equal((JobState.Queued, "WorkerBusy", "Worker b serves job j-9."), (job.Stored.State, job.Reason, job.Stored.Message));
        Assert.Equal(["a", "b"], job.Orders<Release>().Select(release => release.Message.Worker));
        Assert.Equal("v1", Assert.Single(job.Told<JobWaiting>()).Numerics);

        job.Grant("a", "c");
        Assert.Equal((1ul, 2ul), (job.Stored.Generation.Term, job.Stored.Generation.Number));
        Assert.Equal(JobState.Running, job.Started("a", "c").Row.State);
    }

    [Fact]
    public void A_worker_that_dies_while_starting_is_lost_within_two_seconds()
    {
        var job = new JobScenario().Grant("a", "b").Started("a").Closed("b");
        Assert.Equal([JobScenario.Path("b")], job.Orders<Query>().Select(query => query.To));
        var closed = job.Now;
        job.Pass(5, () => job.Row.HasEnded);
        Assert.Equal("Worker b was lost at step 0: the connection to its process closed", job.Stored.Message);
        Assert.InRange((job.Now - closed).TotalSeconds, 1, 2);
    }

    private static IEnumerable<WorkerStatus> Hosts(params (string Worker, string Host)[] workers) =>
        workers.Select(worker => JobScenario.Worker(worker.Worker, worker.Host));

    private static string Roots(Assignment assignment) =>
        string.Join(" ", assignment.Members.Select(member => string.Concat(member.Roots.Select(root => $"[{root.Lo},{root.Hi})"))));
}
