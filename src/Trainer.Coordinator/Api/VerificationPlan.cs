using Grpc.Core;
using Trainer.Coordinator.Store;
using Trainer.Hosting;
using Trainer.Hosting.Hashes;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Api;

/// <summary>Which items of a job are computed again, and from which of its checkpoints. Pure.</summary>
/// <param name="Origin">Null: from the beginning.</param>
internal sealed record VerificationPlan(Verification Verification, Checkpoint? Origin)
{
    /// <param name="recorded">The hashes of the job that are on disk, by item.</param>
    /// <exception cref="RpcException">INVALID_ARGUMENT or FAILED_PRECONDITION: such steps cannot be verified, and why.</exception>
    public static VerificationPlan Of(JobRow row, IReadOnlyDictionary<ulong, RecordedHash> recorded, VerifyJobRequest request)
    {
        if (row.Verification is { } other)
        {
            throw ApiErrors.NotVerifiable($"Job {row.Id} verifies job {other.Job}: verify that one.");
        }

        if (row.UnknownFields.Length > 0)
        {
            throw ApiErrors.NotVerifiable($"Job {row.Id} asks for what release {TrainerVersion.Current} does not know: {string.Join(", ", row.UnknownFields)}. A coordinator of the release that made it verifies it.");
        }

        if (recorded.Count == 0)
        {
            throw ApiErrors.NotVerifiable($"No hash of job {row.Id} is on record in its folder: no step was committed yet, or the record was deleted.");
        }

        if (row.Progress is not { TotalEpochs: > 0, TotalSteps: > 0 } progress)
        {
            throw ApiErrors.NotVerifiable($"The workers of job {row.Id} have not told yet how many steps it has: try again.");
        }

        var items = new Items(progress.TotalSteps / progress.TotalEpochs);
        var last = Last(items, recorded, request);
        var origin = Origins(row).LastOrDefault(checkpoint => request.FirstStep > 0
            ? checkpoint.State.Step < request.FirstStep
            : recorded.Keys.Any(item => item > checkpoint.State.Item && item <= last)) ?? row.Origin;
        var first = (origin?.State.Item ?? 0) + 1;
        return new VerificationPlan(
            new Verification
            {
                Job = row.Id,
                FirstStep = (origin?.State.Step ?? 0) + 1,
                LastStep = items.StepOf(last),
                FirstItem = first,
                LastItem = last,
                Unrecorded = { JobArtifacts.Gaps(recorded, first, last) },
            },
            origin);
    }

    private static ulong Last(Items items, IReadOnlyDictionary<ulong, RecordedHash> recorded, VerifyJobRequest request)
    {
        var end = recorded.Keys.Max();
        if (request.LastStep > items.StepOf(end))
        {
            throw ApiErrors.InvalidField("last_step", $"must be at most {items.StepOf(end)}, the last step on record, got {request.LastStep}");
        }

        var lastStep = request.LastStep > 0 ? request.LastStep : items.StepOf(end);
        if (request.FirstStep > lastStep)
        {
            throw ApiErrors.InvalidField("first_step", $"must be at most {lastStep}, the last step that is verified, got {request.FirstStep}");
        }

        // What has no hash is covered by the next that has one.
        var last = request.LastStep > 0 ? Math.Min(end, items.ThroughStep(lastStep)) : end;
        return recorded.Keys.Where(item => item >= last).Min();
    }

    // Those of a job that has not ended may be deleted while they are read.
    private static IEnumerable<Checkpoint> Origins(JobRow row) => row.HasEnded ? row.Checkpoints.OrderBy(checkpoint => checkpoint.State.Item) : [];

    /// <summary>A schedule's items: so many training steps and an evaluation for each epoch.</summary>
    private readonly record struct Items(ulong StepsPerEpoch)
    {
        public ulong StepOf(ulong item) => item - (item / (StepsPerEpoch + 1));

        /// <summary>The last item before the next step.</summary>
        public ulong ThroughStep(ulong step) => step + (step / StepsPerEpoch);
    }
}
