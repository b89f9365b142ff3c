using System.Globalization;
using Grpc.Core;
using Trainer.Coordinator.Store;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Api;

/// <summary>From which checkpoint of which job a job starts (<c>training.init.from</c>): found when the job is submitted, written into its spec, and pinned.</summary>
public sealed class JobOrigins(IJobStore store, JobArtifacts artifacts, DataCatalog catalog, ArtifactThreads threads)
{
    private const string From = "training.init.from";

    /// <summary>Looks for the checkpoint that a spec names, and writes its step and hash there.</summary>
    /// <param name="id">Of the job that is to start from it.</param>
    /// <param name="pin">Else nothing is changed.</param>
    /// <returns>What the job goes on from; null: it begins at step 0.</returns>
    /// <exception cref="RpcException">INVALID_ARGUMENT: there is none, or it does not fit; UNAVAILABLE: the store.</exception>
    public async Task<Checkpoint?> ResolveAsync(string id, JobSpec spec, bool pin, CancellationToken stop)
    {
        if (spec.Training.Init?.From is not { } from)
        {
            return null;
        }

        var source = await store.FindAsync(from.Job) ?? throw Refuse($"{From}.job", $"there is no job {from.Job} in this cluster");
        return await threads.RunAsync(() => Resolve(id, spec, from, source, pin), stop);
    }

    /// <summary>A job that is no more holds no checkpoint of another one.</summary>
    /// <exception cref="IOException">The store.</exception>
    public void LetGo(JobRow row)
    {
        if (row.Spec.Training.Init?.From is { } from)
        {
            artifacts.UnpinAll(from.Job, row.Id);
        }
    }

    private Checkpoint? Resolve(string id, JobSpec spec, InitFrom from, JobRow source, bool pin)
    {
        var found = Find(from, source);
        if (OriginFit.Check(spec, source.Spec, found, () => JobValidator.Build(spec.Model, catalog.Inspect(spec.Data))) is { Count: > 0 } violations)
        {
            throw ApiErrors.InvalidJob(violations);
        }

        if (pin && !artifacts.Pin(source.Id, found.Id, id))
        {
            throw Refuse($"{From}.checkpoint", $"job {source.Id} has just deleted it; submit again");
        }

        (from.Checkpoint, from.Hash) = (found.Step.ToString(CultureInfo.InvariantCulture), found.Hash);
        return OriginFit.TakesState(from) ? ToCheckpoint(found, spec, artifacts.At(source.Id, found.Id).Location) : null;
    }

    private CheckpointSummary Find(InitFrom from, JobRow source)
    {
        var there = artifacts.Checkpoints(source);
        var candidates = from.HasHash ? [.. there.Where(checkpoint => checkpoint.Hash == from.Hash)] : there;
        if (from.HasHash && candidates.Count == 0)
        {
            throw Refuse($"{From}.hash", $"job {source.Id} has no checkpoint whose state has the hash {from.Hash}");
        }

        var found = CheckpointList.Find(candidates, from.Checkpoint, out var problem) ?? throw Refuse($"{From}.checkpoint", $"job {source.Id}: {problem}");
        return from.Checkpoint == "last" && source.Result is not null && found.Step < source.Progress?.TotalSteps
            ? throw Refuse($"{From}.checkpoint", $"job {source.Id} keeps no checkpoint of its last step, {source.Progress.TotalSteps}; its result has weights alone, for init.weights. Its last checkpoint is that of step {found.Step}")
            : found;
    }

    private Checkpoint ToCheckpoint(CheckpointSummary found, JobSpec spec, string location)
    {
        long all = catalog.Inspect(spec.Data).TrainingSamples;
        var samples = spec.Data.DropLast ? all / spec.Training.BatchSize * spec.Training.BatchSize : all;
        var steps = ((samples - 1) / spec.Training.BatchSize) + 1;
        var open = ((long)found.Step - (found.Epochs * steps)) * spec.Training.BatchSize;
        return new Checkpoint
        {
            Id = found.Id,
            Folder = location,
            Bytes = found.Bytes,
            UnixMs = found.CreateTime?.ToDateTimeOffset().ToUnixTimeMilliseconds() ?? 0,
            State = new StateId
            {
                Item = found.Item,
                Hash = Convert.ToUInt64(found.Hash, 16),
                Step = found.Step,
                Samples = (ulong)((found.Epochs * samples) + Math.Min(open, samples)),
                Epochs = found.Epochs,
            },
        };
    }

    private static RpcException Refuse(string field, string problem) => ApiErrors.InvalidJob([new FieldViolation(field, problem)]);
}
