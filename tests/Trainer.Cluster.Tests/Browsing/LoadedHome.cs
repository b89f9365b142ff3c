using Trainer.Coordinator.Store;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Metrics;
using Trainer.Hosting.Steps;
using Trainer.Protos;

namespace Trainer.Cluster.Tests.Browsing;

/// <summary>A home folder as long use leaves it: jobs that have ended, some with all their steps on record. The store's own code writes the one, the workers' the other.</summary>
internal static class LoadedHome
{
    private const int Jobs = 1000;

    /// <summary>So many of the jobs have their steps on record.</summary>
    private const int Recorded = 20;

    private const int Steps = 100_000;

    private const int StepsOfEpoch = 1000;

    private static readonly DateTime Noon = new(2026, 3, 1, 12, 0, 0, DateTimeKind.Utc);

    public static string IdOf(int job) => $"loaded{job:d4}";

    public static async Task WriteAsync(string home)
    {
        var spec = JobRules.WithDefaults(JobFile.Open(Path.Combine(Repository.Root, "examples", "lenet-fashion-mnist.yaml"), ["training.epochs=100"]).Spec);
        Directory.CreateDirectory(Path.Combine(home, "store"));
        using (var store = StoreAddress.Parse(Path.Combine(home, "store")).Open())
        {
            for (var job = 0; job < Jobs; job++)
            {
                await store.InsertAsync(Row(job, spec));
                await store.SaveAsync(Row(job, spec));
            }
        }

        for (var job = 0; job < Recorded; job++)
        {
            Record(new FolderStore(Path.Combine(home, "jobs", IdOf(job))), job);
        }
    }

    private static JobRow Row(int job, JobSpec spec)
    {
        var created = new DateTimeOffset(Noon).AddMinutes(-job);
        var epochs = Enumerable.Range(1, job < Recorded ? Steps / StepsOfEpoch : 3).Select(epoch => Epoch(job, (uint)epoch)).ToList();
        return new JobRow
        {
            Id = IdOf(job),
            RequestId = Guid.NewGuid().ToString(),
            RequestHash = "",
            Spec = Named(spec, job),
            State = job % 7 == 6 ? JobState.Failed : JobState.Succeeded,
            Message = job % 7 == 6 ? "Its loss was not finite." : "",
            Term = 0,
            Created = created,
            Started = created.AddSeconds(1),
            Ended = created.AddSeconds(500),
            Version = 1,
            Creator = job % 3 == 0 ? "ada" : "grace",
            Progress = new Progress { Step = Steps, TotalSteps = Steps, Epoch = 100, TotalEpochs = 100, Loss = epochs[^1].Loss, Accuracy = epochs[^1].TrainAccuracy },
            Epochs = [.. epochs],
            Transitions = [new Transition { State = JobState.Queued }, new Transition { State = JobState.Succeeded, Reason = "Completed" }],
        };
    }

    private static JobSpec Named(JobSpec spec, int job)
    {
        var own = spec.Clone();
        (own.Name, own.Training.Seed) = ($"run-{job}", (ulong)job);
        return own;
    }

    private static EpochSummary Epoch(int job, uint epoch) => new()
    {
        Epoch = epoch,
        Loss = Loss(job, epoch * StepsOfEpoch),
        TrainAccuracy = 1 - (1 / (1.0 + epoch)),
        TestLoss = Loss(job, epoch * StepsOfEpoch) + 0.1,
        TestAccuracy = 1 - (1.1 / (1.1 + epoch)),
        ImagesPerSecond = 24_000 + job,
        Seconds = 5,
        LearningRate = 0.9,
    };

    private static void Record(FolderStore artifacts, int job)
    {
        var writer = new StepWriter(artifacts, term: 1, number: 1);
        foreach (var steps in Enumerable.Range(1, Steps).Chunk(5000))
        {
            writer.Append([.. steps.Select(step => Step(job, step))]);
        }
    }

    private static StepRecord Step(int job, int step) => new(
        (ulong)step, (uint)((step - 1) / StepsOfEpoch) + 1, Noon.AddMilliseconds(5 * step), Loss(job, step), 1 - (1 / (1 + (step / 1000.0))), 0.9, 1 + Noise(job, step), 24_000 + (500 * Noise(job, step)),
        new StepPhases(1e-4, 2e-3 + (1e-4 * Noise(job, step)), 3e-3, 5e-4, 2e-4));

    private static double Loss(int job, long step) => (2.3 / (1 + (step / 5000.0))) + (0.05 * Noise(job, step)) + (0.01 * job);

    /// <summary>-1 to 1, of no pattern.</summary>
    private static double Noise(int job, long step) => ((unchecked((uint)((step * 2_654_435_761) + (job * 40_503))) >> 8) / (double)(1 << 23)) - 1;
}
