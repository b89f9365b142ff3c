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

        var last = Last(recorded, request);
        var origin = Origins(row).LastOrDefault(checkpoint => request.FirstStep > 0
            ? checkpoint.State.Step < request.FirstStep
            : recorded.Keys.Any(item => item > checkpoint.State.Item && item <= last)) ?? row.Origin;
        var first = (origin?.State.Item ?? 0) + 1;
        return new VerificationPlan(
            new Verification
            {
                Job = row.Id,
                FirstStep = (origin?.State.Step ?? 0) + 1,
                LastStep = recorded[last].Hash.Step,
                FirstItem = first,
                LastItem = last,
                Unrecorded = { JobArtifacts.Gaps(recorded, first, last) },
            },
            origin);
    }

    // What has no hash is covered by the next that has one.
    private static ulong Last(IReadOnlyDictionary<ulong, RecordedHash> recorded, VerifyJobRequest request)
    {
        var end = recorded.Keys.Max();
        var endStep = recorded[end].Hash.Step;
        if (request.LastStep > endStep)
        {
            throw ApiErrors.InvalidField("last_step", $"must be at most {endStep}, the last step on record, got {request.LastStep}");
        }

        var lastStep = request.LastStep > 0 ? request.LastStep : endStep;
        if (request.FirstStep > lastStep)
        {
            throw ApiErrors.InvalidField("first_step", $"must be at most {lastStep}, the last step that is verified, got {request.FirstStep}");
        }

        var step = recorded.Values.Select(record => record.Hash.Step).Where(recordedStep => recordedStep >= lastStep).Min();
        return recorded.Values.Where(record => record.Hash.Step == step).Max(record => record.Hash.Item);
    }

    // Those of a job that has not ended may be deleted while they are read.
    private static IEnumerable<Checkpoint> Origins(JobRow row) => row.HasEnded ? row.Checkpoints.OrderBy(checkpoint => checkpoint.State.Item) : [];
}
