using System.Collections.Concurrent;
using Akka.Actor;
using Microsoft.Extensions.Logging;
using Trainer.Hosting.Artifacts;
using Trainer.Kernels.Training;
using Trainer.Node.States;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Training;

/// <summary>Writes states to their store, checkpoints beside training and the result once training is done, on threads of their own: a store that hangs holds up nobody.</summary>
internal sealed class StateSaver(ILogger logger, string job, ArtifactStores stores, StateLedger ledger, IActorRef worker, Action<Moment>? reached)
{
    /// <summary>A state that was copied and is not committed after so long never will be.</summary>
    private static readonly TimeSpan CommitPatience = TimeSpan.FromMinutes(1);

    private readonly ConcurrentQueue<Save> _asked = new();
    /// <summary>How long a write that is under way is awaited once nobody needs it.</summary>
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(5);

    private (Thread Thread, StateReader? Reader)? _writing;
    private (Thread Thread, StateReader? Reader)? _result;

    /// <summary>A checkpoint is wanted.</summary>
    public void Ask(Save order) => _asked.Enqueue(order);

    /// <summary>Begins to write what was asked for. For the thread that trains, between two items: it does not wait.</summary>
    public void Begin(TrainingJob training, HeldState held)
    {
        while (_asked.TryDequeue(out var order))
        {
            if (_writing is { Thread.IsAlive: true })
            {
                worker.Tell(new SaveFailed { Id = order.Id, Message = "the checkpoint before is still being written: the store is slow, or hangs" }); // Each would keep a copy of the state.
                continue;
            }

            var (reader, facts) = (training.States.CopyOut(), training.FactsNow());
            var thread = new Thread(() => Answer(order, () => SaveCheckpoint(order, facts, reader, held))) { IsBackground = true, Name = "checkpoint" };
            _writing = (thread, reader);
            thread.Start();
        }
    }

    /// <summary>
    /// For the thread that trains, once it is done: it copies what is written, and does not wait. Another job may go on from the last state, so it is kept as a checkpoint as well, unless
    /// the job keeps none.
    /// </summary>
    public void SaveResult(Save order, TrainingJob training, Network network, HeldState held)
    {
        if (_result is { Thread.IsAlive: true })
        {
            worker.Tell(new SaveFailed { Id = order.Id, Message = "the result is still being written: the store is slow, or hangs" });
            return;
        }

        var (weights, facts) = (ResultWeights.Of(network, training.Recipe.Optimizer) with { Facts = training.Facts }, training.FactsNow());
        var (reader, before) = (training.KeepsCheckpoints ? training.States.CopyOut() : null, _writing?.Thread);
        var thread = new Thread(() => Answer(order, () =>
        {
            before?.Join(); // One after the other: what is written last has the room that it needs.
            return WriteResult(order, weights, facts, reader, held);
        }))
        { IsBackground = true, Name = "result" };
        _result = (thread, reader);
        thread.Start();
    }

    private Saved WriteResult(Save order, ResultWeights weights, CheckpointFacts facts, StateReader? last, HeldState held)
    {
        var files = new ResultFiles(stores.Open(order.Folder));
        var saved = new Saved
        {
            Id = order.Id,
            State = held.ToMessage(),
            WeightsSha256 = files.WriteWeights(weights),
            WeightsPath = files.WeightsPath,
            Input = { weights.Model.Input.Dimensions.Select(size => (uint)size) },
            Classes = (uint)weights.Model.Classes,
        };
        reached?.Invoke(Moment.Result);
        files.WriteOptimizer(weights);
        saved.Checkpoint = last is null ? null : WriteLast(order, facts, last, held);
        return saved;
    }

    // The result is written: it is not lost for want of this.
    private Checkpoint? WriteLast(Save order, CheckpointFacts facts, StateReader state, HeldState held)
    {
        try
        {
            var last = CheckpointFiles.Write(stores.Open($"{order.Folder}/{CheckpointManifest.Folder}/{order.Id}"), job, facts, state).Commit();
            last.State = held.ToMessage();
            Forget(order.Forget);
            return last;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            logger.LogWarning("Job {Job}: its result is written, its last state cannot be: {Reason}", job, e.Message);
            return null;
        }
    }

    /// <summary>Waits for what is being written, but not for a store that hangs. The states must live until then.</summary>
    public void Stop()
    {
        foreach (var (thread, reader) in new[] { _writing, _result }.OfType<(Thread, StateReader?)>())
        {
            if (!thread.Join(LastPatience))
            {
                reader?.Dispose(); // Whatever the store does yet, the state is not read any more.
            }
        }
    }

    private Saved SaveCheckpoint(Save order, CheckpointFacts facts, StateReader reader, HeldState held)
    {
        var pending = CheckpointFiles.Write(stores.Open(order.Folder), job, facts, reader);
        reached?.Invoke(Moment.Checkpoint);
        if (!ledger.WaitForCommit(held.Item, CommitPatience, CancellationToken.None))
        {
            throw new IOException($"the state after item {held.Item} was copied and never committed");
        }

        var saved = new Saved { Id = order.Id, Checkpoint = pending.Commit(), State = held.ToMessage() };
        saved.Checkpoint.State = held.ToMessage();
        Forget(order.Forget);
        return saved;
    }

    /// <summary>What the job's row knows no more.</summary>
    private void Forget(IEnumerable<string> locations)
    {
        foreach (var location in locations)
        {
            CheckpointPins.DeleteUnlessHeld(stores.Open(location));
        }
    }

    private void Answer(Save order, Func<Saved> save)
    {
        try
        {
            worker.Tell(save());
        }
        catch (Exception e) // Whatever it is, it is not training's: somebody else may be able to write.
        {
            worker.Tell(new SaveFailed { Id = order.Id, Message = e is IOException or UnauthorizedAccessException ? e.Message : $"{e.GetType().Name}: {e.Message}" });
        }
    }
}
