using static Trainer.Hosting.Metrics.Panels;
using static Trainer.Hosting.Metrics.PromQl;

namespace Trainer.Hosting.Metrics;

/// <summary>What the dashboard of one job shows.</summary>
internal static class RunRows
{
    /// <summary>As the alert has it.</summary>
    private const double AllReduceShare = 0.4;

    private static readonly string Phases = MetricCatalog.StepPhase.Name;

    private const string ByWorker = "instance, worker";

    /// <summary>Label worker is there where a process has several.</summary>
    private const string Worker = "{{instance}} {{worker}}";

    public static readonly IReadOnlyList<PanelRow> All =
    [
        new(
            "Progress",
            Stat("Job", MetricCatalog.RunInfo, "none", Query(OfRun(MetricCatalog.RunInfo, "name, run, model"), "{{name}} ({{model}})")) with { Names = true, Width = 8 },
            Stat("Progress", MetricCatalog.Progress, "percentunit", Query(OfRun(MetricCatalog.Progress), "progress")),
            new Panel("Time left", "At the pace of the last minutes.", "stat", "s",
                Query($"(1 - {OfRun(MetricCatalog.Progress)}) / (max by (run) (deriv({Of(MetricCatalog.Progress, Chosen)}{Rate})) > 0)", "left")) { Width = 4 },
            Stat("Since the last step", MetricCatalog.LastStepTimestamp, "s", Query($"time() - {OfRun(MetricCatalog.LastStepTimestamp)}", "since")) with { Thresholds = [new(60, "orange"), new(120, "red")] },
            Stat("Workers", MetricCatalog.Members, "none", Query(OfRun(MetricCatalog.Members), "workers"))),
        new(
            "Curves",
            Lines("Loss", MetricCatalog.TrainingLoss, "none", Query(OfRun(MetricCatalog.TrainingLoss), "training"), Query(OfRun(MetricCatalog.EvaluationLoss), "test")),
            Lines("Accuracy", MetricCatalog.TrainingAccuracy, "percentunit", Query(OfRun(MetricCatalog.TrainingAccuracy), "training"), Query(OfRun(MetricCatalog.EvaluationAccuracy), "test")),
            Lines("Learning rate", MetricCatalog.LearningRate, "none", Query(OfRun(MetricCatalog.LearningRate), "learning rate")),
            Lines("Step", MetricCatalog.Step, "none", Query(OfRun(MetricCatalog.Step), "step")),
            Lines("Epoch", MetricCatalog.Epoch, "none", Query(OfRun(MetricCatalog.Epoch), "epoch")),
            Lines("Images per second", MetricCatalog.Images, "short", Query(RateInRun(MetricCatalog.Images.Name, ByWorker), Worker)) with { Stacked = true }),
        new(
            "Steps",
            Lines("Step duration", MetricCatalog.StepDuration, "s", Quantiles(QuantileInRun, MetricCatalog.StepDuration, 0.5, 0.99)),
            Lines("Where a step's time goes", MetricCatalog.StepPhase, "percentunit", Query($"{RateInRun(Phases, "phase")} / scalar({RateInRun(Phases, "job")})", "{{phase}}")) with { Stacked = true },
            new Panel("All-reduce's share by worker", "What part of a worker's time is spent in all-reduces, which is also where it waits for others. A worker far below the others is the one that they wait for.", "timeseries", "percentunit",
                Query($"{RateInRun(Phases, ByWorker, "phase=\"allreduce\"")} / {RateInRun(Phases, ByWorker)}", Worker)) { Thresholds = [new(AllReduceShare, "orange")] }),
        new(
            "All-reduces",
            Lines("Duration", MetricCatalog.CollectiveDuration, "s", Quantiles(QuantileInRun, MetricCatalog.CollectiveDuration, 0.5, 0.99)),
            Lines("Bus bandwidth", MetricCatalog.CollectiveBandwidth, "Bps", Query($"avg by ({ByWorker}) (last_over_time({Of(MetricCatalog.CollectiveBandwidth, Chosen)}{PromQl.Step}))", Worker)),
            Lines("Bytes per second", MetricCatalog.CollectiveBytes, "Bps", Query(RateInRun(MetricCatalog.CollectiveBytes.Name, $"{ByWorker}, direction"), $"{Worker} {{{{direction}}}}")),
            Lines("All-reduces per second", MetricCatalog.CollectiveOperations, "ops", Query(RateInRun(MetricCatalog.CollectiveOperations.Name, ByWorker), Worker)) with { Width = 24 }),
        new(
            "Checkpoints",
            Lines("Age of the newest checkpoint", MetricCatalog.CheckpointAge, "s", Query(OfRun(MetricCatalog.CheckpointAge), "age")),
            Lines("Size of the newest checkpoint", MetricCatalog.CheckpointSize, "bytes", Query(OfRun(MetricCatalog.CheckpointSize), "size")),
            Lines("Next checkpoint is late by", MetricCatalog.CheckpointDue, "s", Query($"clamp_min(time() - {OfRun(MetricCatalog.CheckpointDue)}, 0)", "late")) with { Thresholds = [new(300, "red")] }),
        new(
            "Workers",
            [
                Stat("Ranks", MetricCatalog.Rank, "none", Query(OfRun(MetricCatalog.Rank, ByWorker), Worker)) with { Width = 12 },
                Stat("Evicted", MetricCatalog.Evicted, "none", Query($"{OfRun(MetricCatalog.Evicted, "worker")} or vector(0)", "{{worker}}")) with { Width = 12, Thresholds = [new(1, "orange")] },
                .. OfProcesses(expression => $"({expression} and on (job, instance) last_over_time({Of(MetricCatalog.RunInfo, Chosen)}{Rate}))"),
            ]),
    ];
}
