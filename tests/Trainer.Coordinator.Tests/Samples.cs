using System.Globalization;
using Trainer.Coordinator.Jobs;
using Trainer.Coordinator.Store;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests;

/// <summary>Values that tests start from.</summary>
internal static class Samples
{
    public static DateTimeOffset Noon { get; } = DateTimeOffset.Parse("2026-03-01T12:00:00.125Z", CultureInfo.InvariantCulture);

    public static JobSpec Spec(string name = "lenet", uint shards = 16, uint min = 1, uint? max = null, uint epochs = 3, int priority = 0) => new()
    {
        Name = name,
        Model = new Model { Zoo = "lenet", Classes = 10 },
        Data = new Data { Dataset = "fashion-mnist", Shuffle = true },
        Training = new Training
        {
            Epochs = epochs,
            BatchSize = 256,
            Shards = shards,
            Seed = 7,
            Optimizer = new Optimizer { Sgd = new Sgd { Lr = 0.9, Momentum = 0, WeightDecay = 0 } },
        },
        Cluster = new ClusterSection { MinWorkers = min, MaxWorkers = max ?? shards, Priority = priority },
    };

    public static JobRow Row(string id = "j-1", JobState state = JobState.Queued, DateTimeOffset? created = null) => new()
    {
        Id = id,
        RequestId = "request-" + id,
        RequestHash = "hash-" + id,
        Spec = Spec(),
        State = state,
        Message = "Waiting.",
        Term = 1,
        Created = created ?? Noon,
        Version = 1,
    };

    /// <summary>Null: as it is.</summary>
    public static ChangeRequested Scale(DateTimeOffset now, uint? min, uint? max, string etag = "")
    {
        var change = new ChangeJob { Etag = etag };
        if (min is { } least)
        {
            change.MinWorkers = least;
        }

        if (max is { } most)
        {
            change.MaxWorkers = most;
        }

        return new ChangeRequested(now, change);
    }

    public static EpochSummary Epoch(uint epoch, double testAccuracy = 0.5) => new()
    {
        Epoch = epoch,
        Loss = 1.0 / epoch,
        TrainAccuracy = 0.4,
        TestLoss = 0.3,
        TestAccuracy = testAccuracy,
        ImagesPerSecond = 1000 * epoch,
        Seconds = 2.5,
    };
}

/// <summary>A folder of its own for each test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("trainer-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
