using System.Collections.Immutable;
using Trainer.Hosting.Metrics;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>States on disk: a member writes its last committed one beside training.</summary>
public sealed partial record JobMachine
{
    private const uint DefaultInterval = 60;
    private const uint DefaultKept = 2;

    /// <summary>A checkpoint that is being written while training goes on.</summary>
    private Saving? Checkpointing { get; init; }

    private TimeSpan? CheckpointedAt { get; init; }

    private Checkpoint? LastCheckpoint => Row.Checkpoints.LastOrDefault() ?? Row.Origin;

    private string Artifacts => Settings.ArtifactsOf(Row.Id);

    /// <summary>Between checkpoints beside training; zero: there are none.</summary>
    internal TimeSpan CheckpointInterval => TimeSpan.FromSeconds(Row.Spec.Cluster.Checkpoint is { HasEverySeconds: true } section ? section.EverySeconds : DefaultInterval);

    /// <summary>Those behind the newest: the row does not start from them any more, whoever writes next deletes them.</summary>
    private IEnumerable<Checkpoint> Forgotten => Row.Checkpoints.SkipLast((int)Kept);

    private uint Kept => Row.Spec.Cluster.Checkpoint is { HasKeep: true } section ? section.Keep : DefaultKept;

    private JobMachine CheckpointIfDue()
    {
        if (Checkpointing is { } writing)
        {
            return Uptime - writing.Since >= Settings.SaveTimeout ? CheckpointFailed($"{writing.Worker}: {NotWithin}")
                : Team.Any(worker => worker.Name == writing.Worker) ? this : this with { Checkpointing = null };
        }

        var due = (CheckpointedAt ?? (Phase as Running)?.Since) + CheckpointInterval;
        return CheckpointInterval > TimeSpan.Zero && Uptime >= due && Row.Committed.Item > LastCheckpointed.Item
            && Team.Reverse().FirstOrDefault(worker => IsInGeneration(worker) && worker.CanSave) is { } writer
            ? this with { Checkpointing = NewSaving(writer, []), CheckpointedAt = Uptime }
            : this;
    }

    // The same as long as it may still succeed, else the next; null: all have failed.
    private Saving? NextWriter(Saving? current, IEnumerable<JobWorker> writers)
    {
        var able = writers.ToList();
        if (current is { Worker.Length: > 0 } && Uptime - current.Since < Settings.SaveTimeout && able.Exists(worker => worker.Name == current.Worker))
        {
            return current;
        }

        var failed = current is null ? [] : current.Failed.Add(current.Worker);
        var problem = current is { Worker.Length: > 0 } ? $"{current.Worker}: {NotWithin}" : current?.Problem ?? "";
        return able.Find(worker => !failed.Contains(worker.Name)) is { } next ? NewSaving(next, failed) with { Problem = problem } : null;
    }

    private string NotWithin => $"nothing was written within {Settings.SaveTimeout.TotalSeconds:0} s, the store is slow or hangs.";

    // Training goes on without it, and says so until one is written.
    private JobMachine CheckpointFailed(string problem)
    {
        var since = LastCheckpointed.Item == 0 ? "yet" : $"since that of step {StepOf(LastCheckpointed)}";
        var again = CheckpointInterval < Settings.SaveAgain ? TimeSpan.Zero : CheckpointInterval - Settings.SaveAgain;
        return (this with { Checkpointing = null, CheckpointedAt = Uptime - again })
            .Say(new CountFailure(ArtifactFailure.Checkpoint)).Worry($"No checkpoint could be written {since}: {problem} Training goes on, and it is tried again.");
    }

    /// <summary>What is wrong with the store of the job's files; empty: nothing that is known.</summary>
    private string StoreTrouble { get; init; } = "";

    private string MessageOf(Running phase) => StoreTrouble.Length > 0 ? $"{phase.Message} {StoreTrouble}" : phase.Message;

    private JobMachine Worry(string trouble)
    {
        var next = this with { StoreTrouble = trouble };
        return next.Phase is Running { IsEstablished: true } running && Row.State == JobState.Running ? next.SayInRow(next.MessageOf(running)) : next;
    }

    // The newest few, the best, and the result while it is written beside them.
    private JobMachine TakeRoom(Room room)
    {
        var wanted = room.CheckpointBytes * (Kept + 2);
        var text = $"A checkpoint takes {Bytes(room.CheckpointBytes)}; {Bytes(room.FreeBytes)} are free in {Artifacts}.";
        return room.FreeBytes >= wanted ? Log(text) : Log(text, LogSeverity.Warn).Worry($"{text} The newest {Kept}, the best and the result take {Bytes(wanted)}: make room.");
    }

    private static string Bytes(ulong bytes) => bytes switch
    {
        >= 10UL << 30 => $"{bytes >> 30} GiB",
        >= 10UL << 20 => $"{bytes >> 20} MiB",
        >= 10UL << 10 => $"{bytes >> 10} KiB",
        _ => $"{bytes} bytes",
    };

    // Unique: nobody else has the term, the clock grows, and each failure is one more.
    private Saving NewSaving(JobWorker writer, ImmutableList<string> failed) =>
        new($"step-{StepOf(Row.Committed)}-{Row.Term}-{(long)Uptime.TotalMilliseconds}-{failed.Count}", writer.Name, Uptime, failed);

    private JobMachine TakeSaved(Saved saved)
    {
        var next = saved.Checkpoint is { } checkpoint ? AddCheckpoint(checkpoint) : this;
        return next.Phase is Ending { Saved: null } ending && saved.WeightsPath.Length > 0
            ? next with { Phase = ending with { Saved = saved } }
            : next;
    }

    private JobMachine AddCheckpoint(Checkpoint checkpoint)
    {
        var next = (this with { Checkpointing = Checkpointing?.Id == checkpoint.Id ? null : Checkpointing }).Worry("").Commit(checkpoint.State);
        return Row.Checkpoints.Exists(known => known.Id == checkpoint.Id)
            ? next
            : next.Keep(next.Row with { Checkpoints = [.. Row.Checkpoints.Except(Forgotten).Append(checkpoint).OrderBy(known => known.State.Item)] });
    }

    private JobMachine TakeSaveFailed(JobWorker worker, string id, string message)
    {
        var next = Phase switch
        {
            _ when Checkpointing?.Id == id => CheckpointFailed($"{worker.Name}: {message}{(message.EndsWith('.') ? "" : ".")}"),
            Holding { Saving: { } saving } holding when saving.Id == id => this with { Phase = holding with { Saving = Failed(saving, message) } },
            Ending { Saving: { } saving } ending when saving.Id == id => (this with { Phase = ending with { Saving = Failed(saving, message) } }).Say(new CountFailure(ArtifactFailure.Result)),
            _ => null, // Nobody waits for it any more.
        };
        return next?.Log($"Worker {worker.Name} could not write the job's state: {message}", LogSeverity.Warn) ?? this;
    }

    private static Saving Failed(Saving saving, string message) => saving with { Worker = "", Failed = saving.Failed.Add(saving.Worker), Problem = message };
}
