using Grpc.Core;
using Trainer.Hosting.Metrics;

namespace Trainer.Hosting.Tests.Metrics;

/// <summary>What Prometheus reads from a process.</summary>
public sealed class MetricsTests
{
    private static readonly StepPhases Phases = new(Data: 0.0001, Forward: 0.001, Backward: 0.0015, AllReduce: 0.0003, Optimizer: 0.0001);

    [Fact]
    public async Task The_scraped_names_kinds_helps_and_labels_are_the_catalogues()
    {
        await using var host = await MetricsHost.StartAsync("worker");
        FillAll(host);

        var lines = await host.ScrapeAsync(all => all.Any(line => line.StartsWith("trainer_job_transitions_total{", StringComparison.Ordinal)));

        Assert.Equal(
            MetricCatalog.All.Select(metric => $"# TYPE {metric.Name} {Kind(metric)}").Order(StringComparer.Ordinal),
            lines.Where(line => line.StartsWith("# TYPE trainer_", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.All(MetricCatalog.All, metric => Assert.Contains($"# HELP {metric.Name} {metric.Help}", lines));
        Assert.All(MetricCatalog.All, metric =>
        {
            var sample = lines.First(line => line.StartsWith(metric.Kind == MetricKind.Histogram ? $"{metric.Name}_count" : metric.Name, StringComparison.Ordinal));
            Assert.Equal(metric.Labels.Order(StringComparer.Ordinal), LabelNames(sample));
        });
    }

    [Fact]
    public async Task Values_arrive_as_they_were_measured()
    {
        await using var host = await MetricsHost.StartAsync("worker");
        host.Training.BeginRun(Run("r-1"), rank: 2, workers: 3, totalSteps: 200);
        host.Training.Step(49, 2, 1.25, 0.5, 0.9, 86, Phases);
        host.Training.Step(50, 2, 1.125, 0.625, 0.45, 85, Phases);
        host.Training.Collective(1000, 2000, 0.5);
        host.Training.Evaluation(0.75, 0.875);
        host.Training.NonFinite();

        var lines = await host.ScrapeAsync(all => all.Contains("trainer_steps_total{} 2"));

        Assert.Contains("trainer_run_info{model=\"lenet\",name=\"small\",run=\"r-1\"} 1", lines);
        Assert.Contains("trainer_training_loss{run=\"r-1\"} 1.125", lines);
        Assert.Contains("trainer_training_accuracy_ratio{run=\"r-1\"} 0.625", lines);
        Assert.Contains("trainer_training_learning_rate{run=\"r-1\"} 0.45", lines);
        Assert.Contains("trainer_training_epoch{run=\"r-1\"} 2", lines);
        Assert.Contains("trainer_training_step{run=\"r-1\"} 50", lines);
        Assert.Contains("trainer_training_progress_ratio{run=\"r-1\"} 0.25", lines);
        Assert.Contains("trainer_training_rank{run=\"r-1\"} 2", lines);
        Assert.Contains("trainer_training_members{run=\"r-1\"} 3", lines);
        Assert.Contains("trainer_evaluation_loss{run=\"r-1\"} 0.75", lines);
        Assert.Contains("trainer_evaluation_accuracy_ratio{run=\"r-1\"} 0.875", lines);
        Assert.Contains("trainer_images_total{} 171", lines);
        Assert.Contains("trainer_nonfinite_total{} 1", lines);
        Assert.Contains("trainer_step_phase_seconds_total{phase=\"backward\"} 0.003", lines);
        Assert.Contains("trainer_step_duration_seconds_bucket{le=\"0.0025\"} 0", lines); // a step of LeNet, 3 ms, has buckets below and above
        Assert.Contains("trainer_step_duration_seconds_bucket{le=\"0.005\"} 2", lines);
        Assert.Contains("trainer_step_duration_seconds_bucket{le=\"81.92\"} 2", lines);
        Assert.Contains("trainer_step_duration_seconds_count{} 2", lines);
        Assert.Contains("trainer_collective_bytes_total{direction=\"sent\"} 1000", lines);
        Assert.Contains("trainer_collective_bytes_total{direction=\"received\"} 2000", lines);
        Assert.Contains("trainer_collective_operations_total{} 1", lines);
        Assert.Contains("trainer_collective_bus_bandwidth_bytes_per_second{run=\"r-1\"} 2000", lines);
    }

    [Fact]
    public async Task An_ended_run_vanishes_and_counters_stay()
    {
        await using var host = await MetricsHost.StartAsync("worker");
        host.Training.BeginRun(Run("r-1"), 0, 1, 10);
        host.Training.Step(1, 1, 1, 0, 0.1, 8, Phases);
        await host.ScrapeAsync(all => all.Contains("trainer_training_step{run=\"r-1\"} 1"));

        host.Training.EndRun();
        var ended = await host.ScrapeAsync(all => !all.Any(line => line.Contains("run=", StringComparison.Ordinal)));
        Assert.Contains("trainer_steps_total{} 1", ended);

        host.Training.BeginRun(Run("r-2"), 0, 1, 10);
        var next = await host.ScrapeAsync(all => all.Contains("trainer_training_rank{run=\"r-2\"} 0"));
        Assert.DoesNotContain(next, line => line.StartsWith("trainer_training_loss{", StringComparison.Ordinal)); // no step yet: no value, rather than 0
    }

    [Fact]
    public async Task Workers_of_one_process_are_told_apart_and_the_end_of_one_run_leaves_the_others()
    {
        await using var host = await MetricsHost.StartAsync("worker", "node.0", "node.1");
        var (one, other) = (host.Node.Workers[0], host.Node.Workers[1]);
        one.Device("cpu", "a CPU", "canonical-0");
        other.Device("cpu", "a CPU", "canonical-0");
        one.BeginRun(Run("r-1"), rank: 0, workers: 2, totalSteps: 10);
        other.BeginRun(Run("r-1"), rank: 1, workers: 2, totalSteps: 10);
        one.Step(1, 1, 1.25, 0.5, 0.9, 86, Phases);
        other.Step(1, 1, 1.25, 0.5, 0.9, 41, Phases);
        other.Collective(1000, 2000, 0.5);

        var lines = await host.ScrapeAsync(all => all.Contains("trainer_images_total{worker=\"node.1\"} 41"));

        Assert.Contains("trainer_images_total{worker=\"node.0\"} 86", lines);
        Assert.Contains("trainer_training_rank{run=\"r-1\",worker=\"node.0\"} 0", lines);
        Assert.Contains("trainer_training_rank{run=\"r-1\",worker=\"node.1\"} 1", lines);
        Assert.Contains("trainer_run_info{model=\"lenet\",name=\"small\",run=\"r-1\",worker=\"node.1\"} 1", lines);
        Assert.Contains("trainer_device_info{device=\"a CPU\",kind=\"cpu\",numerics=\"canonical-0\",worker=\"node.0\"} 1", lines);
        Assert.Contains("trainer_step_duration_seconds_count{worker=\"node.0\"} 1", lines);
        Assert.Contains("trainer_collective_bytes_total{direction=\"sent\",worker=\"node.1\"} 1000", lines);
        Assert.Single(lines, line => line == "# TYPE trainer_training_loss gauge");

        one.EndRun();
        other.Step(2, 1, 1.125, 0.5, 0.9, 41, Phases);
        var left = await host.ScrapeAsync(all => !all.Any(line => line.Contains("run=\"r-1\",worker=\"node.0\"", StringComparison.Ordinal)));
        Assert.Contains("trainer_training_step{run=\"r-1\",worker=\"node.1\"} 2", left);
        Assert.Contains("trainer_steps_total{worker=\"node.0\"} 1", left);
    }

    [Fact]
    public async Task Counters_are_there_before_they_count()
    {
        await using var host = await MetricsHost.StartAsync("worker");

        var lines = await host.ScrapeAsync(all => all.Contains("trainer_steps_total{} 0"));

        Assert.Contains("trainer_nonfinite_total{} 0", lines);
        Assert.Contains("trainer_collective_bytes_total{direction=\"sent\"} 0", lines);
        Assert.Contains("trainer_step_phase_seconds_total{phase=\"allreduce\"} 0", lines);
        Assert.Contains("trainer_job_transitions_total{reason=\"Diverged\",to=\"failed\"} 0", lines);
        Assert.Contains("trainer_job_evictions_total{reason=\"lost\"} 0", lines);
        Assert.Contains("trainer_preemptions_total{what=\"shrunk\"} 0", lines);
        Assert.Contains("trainer_artifact_failures_total{what=\"checkpoint\"} 0", lines);
        Assert.Contains("trainer_api_calls_total{code=\"Unauthenticated\"} 0", lines);
    }

    [Fact]
    public async Task Calls_are_counted_by_code_and_measured_unless_they_are_streams()
    {
        await using var host = await MetricsHost.StartAsync("coordinator");
        host.Control.Answered(StatusCode.OK, TimeSpan.FromSeconds(0.003));
        host.Control.Answered(StatusCode.NotFound, TimeSpan.FromSeconds(0.5));
        host.Control.Answered(StatusCode.OK, after: null);
        host.Control.Answered((StatusCode)99, after: null); // a code that gRPC does not have

        var lines = await host.ScrapeAsync(all => all.Contains("trainer_api_calls_total{code=\"OK\"} 2"));

        Assert.Contains("trainer_api_calls_total{code=\"NotFound\"} 1", lines);
        Assert.Contains("trainer_api_calls_total{code=\"Unknown\"} 1", lines);
        Assert.Contains("trainer_api_call_duration_seconds_bucket{le=\"0.004\"} 1", lines);
        Assert.Contains("trainer_api_call_duration_seconds_count{} 2", lines);
    }

    [Fact]
    public async Task Whoever_else_measures_in_this_process_takes_and_adds_nothing()
    {
        await using var host = await MetricsHost.StartAsync("coordinator");
        await using (var other = await MetricsHost.StartAsync("coordinator"))
        {
            other.Control.Answered(StatusCode.DataLoss, TimeSpan.FromSeconds(0.003));
            await other.ScrapeAsync(all => all.Contains("trainer_api_calls_total{code=\"DataLoss\"} 1"));
        }

        host.Control.Answered(StatusCode.OK, TimeSpan.FromSeconds(0.5));
        var lines = await host.ScrapeAsync(all => all.Contains("trainer_api_calls_total{code=\"OK\"} 1"));

        Assert.Contains("trainer_api_calls_total{code=\"DataLoss\"} 0", lines);
        Assert.Contains("trainer_api_call_duration_seconds_count{} 1", lines);
        Assert.Single(lines, line => line.StartsWith("trainer_build_info{", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_coordinators_gauges_are_asked_for_at_each_scrape()
    {
        await using var host = await MetricsHost.StartAsync("coordinator");
        var jobs = new Dictionary<string, int>(StringComparer.Ordinal) { ["running"] = 2 };
        host.Control.ObserveJobs(() => jobs);
        host.Control.ObserveMembers(() => new Dictionary<(string, string), int> { [("worker", "up")] = 3, [("coordinator", "leaving")] = 1 }, () => 1);
        host.Control.ObserveWorkers(() => new Dictionary<string, int>(StringComparer.Ordinal) { ["idle"] = 1, ["busy"] = 2 });
        host.Control.ObserveWanted(() => new Dictionary<string, int>(StringComparer.Ordinal) { ["any"] = 5, ["cuda"] = 0 });
        host.Control.Transition("running", "WorkersGranted");
        host.Control.QueueWait(0.3);

        var lines = await host.ScrapeAsync(all => all.Contains("trainer_jobs{state=\"running\"} 2"));

        Assert.Contains("trainer_jobs{state=\"queued\"} 0", lines);
        Assert.Contains("trainer_cluster_members{role=\"worker\",status=\"up\"} 3", lines);
        Assert.Contains("trainer_cluster_members{role=\"coordinator\",status=\"leaving\"} 1", lines);
        Assert.Contains("trainer_cluster_unreachable_members{} 1", lines);
        Assert.Contains("trainer_workers{state=\"busy\"} 2", lines);
        Assert.Contains("trainer_workers_wanted{device=\"any\"} 5", lines);
        Assert.Contains("trainer_workers_wanted{device=\"cuda\"} 0", lines);
        Assert.Contains("trainer_job_transitions_total{reason=\"WorkersGranted\",to=\"running\"} 1", lines);
        Assert.Contains("trainer_job_queue_wait_seconds_bucket{le=\"0.5\"} 1", lines);
        Assert.Contains(lines, line => line.StartsWith("trainer_build_info{role=\"coordinator\",runtime=\".NET 10.", StringComparison.Ordinal));
        jobs["running"] = 3;
        await host.ScrapeAsync(all => all.Contains("trainer_jobs{state=\"running\"} 3"));
    }

    [Fact]
    public async Task What_losses_and_changes_cost_is_counted_and_a_checkpoint_is_shown_while_its_job_has_workers()
    {
        await using var host = await MetricsHost.StartAsync("coordinator");
        long? free = 1000;
        host.Control.ObserveRoom(() => free, () => 2);
        host.Control.Evicted("stuck");
        host.Control.Redone(3);
        host.Control.Paused(isRecovery: true, 0.4);
        host.Control.Paused(isRecovery: false, 3);
        host.Control.Checkpointed("r-1", DateTimeOffset.UtcNow.AddMinutes(-5), 4096);
        host.Control.CheckpointDue("r-1", DateTimeOffset.UnixEpoch.AddSeconds(1234.5));
        host.Control.CheckpointDue("r-2", DateTimeOffset.UnixEpoch);
        host.Control.CheckpointDue("r-2", null);
        host.Control.ObserveEvicted(() => [("r-1", "worker-2")]);

        var lines = await host.ScrapeAsync(all => all.Contains("trainer_job_evictions_total{reason=\"stuck\"} 1"));

        Assert.Contains("trainer_job_evictions_total{reason=\"lost\"} 0", lines);
        Assert.Contains("trainer_job_steps_redone_total{} 3", lines);
        Assert.Contains("trainer_job_recovery_seconds_bucket{le=\"0.5\"} 1", lines);
        Assert.Contains("trainer_job_change_pause_seconds_bucket{le=\"4\"} 1", lines);
        Assert.Contains("trainer_checkpoint_size_bytes{run=\"r-1\"} 4096", lines);
        Assert.Contains("trainer_checkpoint_due_timestamp_seconds{run=\"r-1\"} 1234.5", lines);
        Assert.DoesNotContain(lines, line => line.Contains("run=\"r-2\"", StringComparison.Ordinal));
        Assert.Contains("trainer_workers_evicted{run=\"r-1\",worker=\"worker-2\"} 1", lines);
        Assert.Contains("trainer_workers_orphaned{} 2", lines);
        Assert.Contains("trainer_artifacts_free_bytes{} 1000", lines);
        Assert.Contains(lines, line => line.StartsWith("trainer_checkpoint_age_seconds{run=\"r-1\"} 30", StringComparison.Ordinal));
        free = null;
        host.Control.Forget("r-1");
        await host.ScrapeAsync(all => !all.Any(line => line.StartsWith("trainer_checkpoint_", StringComparison.Ordinal) || line.StartsWith("trainer_artifacts_free_bytes{", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Measuring_a_step_allocates_nothing()
    {
        await using var host = await MetricsHost.StartAsync("worker"); // with a reader, as in a node: histograms really record
        host.Training.BeginRun(Run("r-1"), 0, 2, 10_000);
        Measure(host.Training, 1000);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Measure(host.Training, 1000);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Names_follow_the_conventions() => Assert.All(MetricCatalog.All, metric =>
    {
        Assert.Matches("^trainer_[a-z_]+[a-z]$", metric.Name);
        Assert.Equal(metric.Kind == MetricKind.Counter, metric.Name.EndsWith("_total", StringComparison.Ordinal));
        Assert.Equal(metric.Unit == "1", metric.Name.EndsWith("_ratio", StringComparison.Ordinal));
        Assert.DoesNotContain("job", metric.Labels);
        Assert.EndsWith(".", metric.Help, StringComparison.Ordinal);
        Assert.Equal(metric.Kind == MetricKind.Histogram, metric.Buckets.Count > 0);
    });

    private static void Measure(TrainingMetrics metrics, int steps)
    {
        for (var i = 1; i <= steps; i++)
        {
            metrics.Collective(1000, 1000, 0.001);
            metrics.Step((ulong)i, 1, 1.5, 0.5, 0.9, 128, Phases);
        }
    }

    private static void FillAll(MetricsHost host)
    {
        host.Training.Device("cpu", "a CPU", "canonical-0");
        host.Training.BeginRun(Run("r-1"), 0, 1, 10);
        host.Training.Step(1, 1, 2.3, 0.1, 0.9, 8, Phases);
        host.Training.Collective(100, 100, 0.001);
        host.Training.Evaluation(2.2, 0.2);
        host.Control.ObserveJobs(() => new Dictionary<string, int>(StringComparer.Ordinal));
        host.Control.ObserveMembers(() => new Dictionary<(string, string), int> { [("worker", "up")] = 1 }, () => 0);
        host.Control.ObserveWorkers(() => new Dictionary<string, int>(StringComparer.Ordinal) { ["idle"] = 1 });
        host.Control.ObserveWanted(() => new Dictionary<string, int>(StringComparer.Ordinal) { ["cpu"] = 3 });
        host.Control.QueueWait(1);
        host.Control.Transition("queued", "Created");
        host.Control.Paused(isRecovery: true, 0.5);
        host.Control.Paused(isRecovery: false, 0.1);
        host.Control.Checkpointed("r-1", DateTimeOffset.UnixEpoch, 100);
        host.Control.CheckpointDue("r-1", DateTimeOffset.UnixEpoch);
        host.Control.ObserveEvicted(() => [("r-1", "worker-2")]);
        host.Control.Answered(StatusCode.OK, TimeSpan.FromMilliseconds(2));
        host.Control.StoreAnswered(TimeSpan.FromMilliseconds(2));
        host.Control.ObserveRoom(() => 1000, () => 0);
    }

    private static RunIdentity Run(string id) => new(id, "small", "lenet");

    private static string Kind(MetricDefinition metric) => metric.Kind.ToString().ToLowerInvariant();

    /// <summary><c>name{a="1",b="2"} 3</c>: a, b.</summary>
    private static IEnumerable<string> LabelNames(string sample) =>
        sample[(sample.IndexOf('{', StringComparison.Ordinal) + 1)..sample.LastIndexOf('}')].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(label => label.Split('=')[0]);
}
