using Google.Protobuf.WellKnownTypes;
using Trainer.Protos;

namespace Trainer.Cli.Tests.Fakes;

/// <summary>A job at the stations of its life: 3 epochs of 7 steps.</summary>
internal static class SampleJobs
{
    public const string Id = "lenet-3f2a";

    public static Job Queued => new()
    {
        Id = Id,
        Spec = new JobSpec { Name = "lenet", Training = new Training { Epochs = 3, BatchSize = 256, Seed = 0 } },
        State = JobState.Queued,
        Message = "Waiting for 2 workers.",
        CreateTime = Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch),
    };

    /// <summary>Running, with <paramref name="epochs"/> closed and <paramref name="step"/> steps committed.</summary>
    public static Job Running(int epochs, ulong step)
    {
        var job = Queued;
        job.State = JobState.Running;
        job.Message = "";
        job.Progress = new Progress
        {
            Step = step,
            TotalSteps = 21,
            Epoch = (uint)Math.Min(epochs + 1, 3),
            TotalEpochs = 3,
            Loss = 0.75,
            Accuracy = 0.7,
            ImagesPerSecond = 51234.5,
            EtaSeconds = 12,
        };
        for (uint epoch = 1; epoch <= epochs; epoch++)
        {
            job.Epochs.Add(new EpochSummary { Epoch = epoch, Loss = 1.0 / epoch, TrainAccuracy = 0.6, TestLoss = 0.9, TestAccuracy = 0.61, ImagesPerSecond = 50000, Seconds = 1.5 });
        }

        return job;
    }

    public static Job Succeeded
    {
        get
        {
            var job = Running(3, 21);
            job.State = JobState.Succeeded;
            job.Result = new Result
            {
                WeightsPath = "/jobs/lenet-3f2a/weights.safetensors",
                WeightsSha256 = new string('a', 64),
                Loss = 1.0 / 3,
                TrainAccuracy = 0.6,
                TestAccuracy = 0.61,
                BestTestAccuracy = 0.62,
                ImagesPerSecond = 50000,
                Seconds = 4.75,
            };
            return job;
        }
    }

    public static Job Failed
    {
        get
        {
            var job = Running(1, 9);
            job.State = JobState.Failed;
            job.Message = "worker-1 was lost at step 9.";
            return job;
        }
    }
}
