using System.Diagnostics.Metrics;
using System.Reflection;
using static Trainer.Hosting.Metrics.MetricKind;
using static Trainer.Hosting.Metrics.MetricSource;

namespace Trainer.Hosting.Metrics;

/// <summary>Every metric of Trainer's own: the single source of their names, units, help texts, labels and buckets.</summary>
/// <remarks>
/// Metrics with label <c>run</c> (a job's id) exist only while the worker serves that job. Counters are the process's, without <c>run</c>, so that the
/// number of series is bounded; those of one run are had by <c>and on (instance) trainer_training_epoch{run="..."}</c>.
/// </remarks>
public static class MetricCatalog
{
    /// <summary>The name of the meters that carry them.</summary>
    public const string Meter = "Trainer";

    /// <summary>A meter for instruments that <paramref name="owner"/> measures: <see cref="Telemetry.AddTrainerTelemetry"/> exports those of its owners alone, however many there are in a process.</summary>
    internal static Meter MeterOf(object owner) => new(new MeterOptions(Meter) { Scope = owner });

    public static readonly MetricDefinition BuildInfo =
        new("trainer_build_info", Gauge, Every, "", "Always 1; the labels tell what is running.", "version", "runtime", "role");

    public static readonly MetricDefinition CertificateNotAfter = new(
        "trainer_certificate_not_after_timestamp_seconds", Gauge, Every, "s", "Unix time when the process's certificate (own) and the last of its authorities (authority) expire.", "certificate");

    public static readonly MetricDefinition DeviceInfo =
        new("trainer_device_info", Gauge, Worker, "", "Always 1; the labels tell what a worker computes on.", "kind", "device", "numerics");

    // ---------- a worker's run

    public static readonly MetricDefinition RunInfo = new(
        "trainer_run_info", Gauge, Worker, "", "Always 1; the labels tell which job a worker serves: its id, its name, its network's name in the zoo (or layers).", "run", "name", "model");

    public static readonly MetricDefinition TrainingLoss = Run("trainer_training_loss", "", "Mean training loss of the epoch so far.");

    public static readonly MetricDefinition TrainingAccuracy = Run("trainer_training_accuracy_ratio", "1", "Training accuracy of the epoch so far, 0 to 1.");

    public static readonly MetricDefinition LearningRate = Run("trainer_training_learning_rate", "", "Learning rate of the last step.");

    public static readonly MetricDefinition Epoch = Run("trainer_training_epoch", "", "The epoch being trained, from 1.");

    public static readonly MetricDefinition Step = Run("trainer_training_step", "", "Last committed step of the run, from 1.");

    public static readonly MetricDefinition Progress = Run("trainer_training_progress_ratio", "1", "Committed steps by all steps of the run, 0 to 1.");

    public static readonly MetricDefinition LastStepTimestamp =
        Run("trainer_training_last_step_timestamp_seconds", "s", "Unix time of the last committed step; far from now means stalled.");

    public static readonly MetricDefinition Rank = Run("trainer_training_rank", "", "This worker's rank in the run, from 0.");

    public static readonly MetricDefinition Members = Run("trainer_training_members", "", "Workers of the run's current assignment.");

    public static readonly MetricDefinition EvaluationLoss = Run("trainer_evaluation_loss", "", "Loss on the test set in the last evaluation, at the end of an epoch or within one.");

    public static readonly MetricDefinition EvaluationAccuracy =
        Run("trainer_evaluation_accuracy_ratio", "1", "Accuracy on the test set in the last evaluation, likewise, 0 to 1.");

    // ---------- a worker's steps

    public static readonly MetricDefinition Steps = new("trainer_steps_total", Counter, Worker, "", "Training steps that this worker took part in.");

    public static readonly MetricDefinition Images = new("trainer_images_total", Counter, Worker, "", "Training images that this worker computed.");

    public static readonly MetricDefinition NonFinite =
        new("trainer_nonfinite_total", Counter, Worker, "", "Steps whose loss or gradient was not finite; each ends its job.");

    /// <summary>5 ms x 2^k with three smaller bounds below (0.625 ms up to 82 s): a step of LeNet takes 2 to 4 ms.</summary>
    public static readonly MetricDefinition StepDuration =
        new("trainer_step_duration_seconds", Histogram, Worker, "s", "Duration of a training step, from its first sample to the new weights.")
        {
            Buckets = MetricDefinition.Doubling(0.005 / 8, 18),
        };

    public static readonly MetricDefinition StepPhase =
        new("trainer_step_phase_seconds_total", Counter, Worker, "s", "Where the steps' time went: data, forward, backward, allreduce, optimizer.", "phase");

    // ---------- a worker's all-reduces

    public static readonly MetricDefinition CollectiveOperations =
        new("trainer_collective_operations_total", Counter, Worker, "", "All-reduces that this worker took part in.");

    public static readonly MetricDefinition CollectiveBytes =
        new("trainer_collective_bytes_total", Counter, Worker, "By", "Bytes of contributions and totals that this worker exchanged: sent, received.", "direction");

    /// <summary>The bounds of <see cref="StepDuration"/>, from an eighth of its first one (78 us) to 20 s.</summary>
    public static readonly MetricDefinition CollectiveDuration =
        new("trainer_collective_duration_seconds", Histogram, Worker, "s", "Duration of an all-reduce, from this worker's first contribution to its last total.")
        {
            Buckets = MetricDefinition.Doubling(0.005 / 64, 19),
        };

    /// <summary>nccl-tests' busbw of an all-reduce, 2 (W - 1) / W x size / time, is what one of W workers sends by the time it takes.</summary>
    public static readonly MetricDefinition CollectiveBandwidth =
        Run("trainer_collective_bus_bandwidth_bytes_per_second", "By/s", "Bus bandwidth of the last all-reduce, as nccl-tests defines it.");

    // ---------- a coordinator

    public static readonly MetricDefinition Jobs = new("trainer_jobs", Gauge, Coordinator, "", "Jobs in the store by state.", "state");

    public static readonly MetricDefinition JobTransitions =
        new("trainer_job_transitions_total", Counter, Coordinator, "", "Changes of jobs' states, by new state and reason.", "to", "reason");

    public static readonly MetricDefinition QueueWait =
        new("trainer_job_queue_wait_seconds", Histogram, Coordinator, "s", "From a job's creation to its start.") { Buckets = MetricDefinition.Doubling(0.125, 16) };

    public static readonly MetricDefinition Preemptions =
        new("trainer_preemptions_total", Counter, Coordinator, "", "Jobs that made room for one of higher priority: they go on with fewer workers (shrunk), or wait, with a checkpoint (suspended).", "what");

    public static readonly MetricDefinition Recovery =
        new("trainer_job_recovery_seconds", Histogram, Coordinator, "s", "From a loss being noticed to the first step that is committed after it.") { Buckets = MetricDefinition.Doubling(0.0625, 14) };

    public static readonly MetricDefinition ChangePause =
        new("trainer_job_change_pause_seconds", Histogram, Coordinator, "s", "From the order to hold, for a planned change, to the first step that is committed after it.") { Buckets = MetricDefinition.Doubling(0.0625, 14) };

    public static readonly MetricDefinition StepsRedone =
        new("trainer_job_steps_redone_total", Counter, Coordinator, "", "Steps and evaluations of jobs that were computed again after a loss.");

    public static readonly MetricDefinition Evictions =
        new("trainer_job_evictions_total", Counter, Coordinator, "", "Workers that jobs lost or left out: lost, stuck, late, failed, links, corruption.", "reason");

    public static readonly MetricDefinition CheckpointAge =
        new("trainer_checkpoint_age_seconds", Gauge, Coordinator, "s", "Since the newest checkpoint of a job that has workers was written.", "run");

    public static readonly MetricDefinition CheckpointSize =
        new("trainer_checkpoint_size_bytes", Gauge, Coordinator, "By", "Of the newest checkpoint of a job that has workers.", "run");

    public static readonly MetricDefinition CheckpointDue = new(
        "trainer_checkpoint_due_timestamp_seconds", Gauge, Coordinator, "s", "Unix time by which a job that has workers is to have its next checkpoint; absent where it keeps none.", "run");

    public static readonly MetricDefinition Evicted = new(
        "trainer_workers_evicted", Gauge, Coordinator, "", "1 for each worker that lives, and that a job does without for a while because it failed that job.", "run", "worker");

    public static readonly MetricDefinition Orphans =
        new("trainer_workers_orphaned", Gauge, Coordinator, "", "Workers that serve jobs which the store does not know; an operator adopts or releases them.");

    public static readonly MetricDefinition StoreDuration =
        new("trainer_store_duration_seconds", Histogram, Coordinator, "s", "How long the store of jobs took for a call, failed ones included.") { Buckets = MetricDefinition.Doubling(0.0005, 15) };

    public static readonly MetricDefinition ApiCalls =
        new("trainer_api_calls_total", Counter, Coordinator, "", "Calls of the job API by gRPC's status code, whether they came by gRPC or HTTP, those refused at the door included; streams count at their end.", "code");

    public static readonly MetricDefinition ApiDuration =
        new("trainer_api_call_duration_seconds", Histogram, Coordinator, "s", "How long calls of the job API took that are no streams.") { Buckets = MetricDefinition.Doubling(0.001, 15) };

    public static readonly MetricDefinition ArtifactsFree =
        new("trainer_artifacts_free_bytes", Gauge, Coordinator, "By", "What is free where the files of jobs go; absent where there is no telling, as of a bucket.");

    public static readonly MetricDefinition LogLinesDropped =
        new("trainer_log_lines_dropped_total", Counter, Coordinator, "", "Lines of jobs' logs for which there was no room while the store did not keep up.");

    public static readonly MetricDefinition ArtifactFailures =
        new("trainer_artifact_failures_total", Counter, Coordinator, "", "What could not be written or read of jobs, after which training went on: checkpoint, result, unreadable, metrics, steps, hashes, best, events.", "what");

    public static readonly MetricDefinition Deliveries =
        new("trainer_deliveries_total", Counter, Coordinator, "", "What a receiver outside the cluster (webhook, mlflow) was told of jobs, each time: taken, failed; given_up: no longer told.", "to", "result");

    public static readonly MetricDefinition ClusterMembers =
        new("trainer_cluster_members", Gauge, Coordinator, "", "Members of the cluster as this coordinator sees them.", "role", "status");

    public static readonly MetricDefinition ClusterUnreachable =
        new("trainer_cluster_unreachable_members", Gauge, Coordinator, "", "Members that do not answer this coordinator.");

    public static readonly MetricDefinition Workers =
        new("trainer_workers", Gauge, Coordinator, "", "Workers known to the scheduler by state: idle, busy, shut (they take no job: drained, or in quarantine).", "state");

    public static readonly MetricDefinition WorkersWanted = new(
        "trainer_workers_wanted", Gauge, Coordinator, "", "Workers that all jobs which train or wait could use together, within quotas, by the kind of device that they ask for: any, cpu, cuda, opencl; what an autoscaler is to provide, 0 once nobody waits or trains.", "device");

    public static IReadOnlyList<MetricDefinition> All { get; } =
    [
        .. typeof(MetricCatalog).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(field => field.FieldType == typeof(MetricDefinition))
            .Select(field => (MetricDefinition)field.GetValue(null)!),
    ];

    private static MetricDefinition Run(string name, string unit, string help) => new(name, Gauge, Worker, unit, help, "run");
}
