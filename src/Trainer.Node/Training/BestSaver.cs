using Microsoft.Extensions.Logging;
using Trainer.Hosting.Artifacts;
using Trainer.Kernels.Training;
using Trainer.Node.Links;
using Trainer.Node.States;

namespace Trainer.Node.Training;

/// <summary>
/// Keeps the state of the best epoch so far as a checkpoint of its own, <c>checkpoints/best-...</c>, on a thread beside training. One state waits at most: a better one takes its
/// place. The job does not go on from it, so its entity need not know of it; the manifest makes it exist.
/// </summary>
/// <param name="failed">Called whenever one cannot be written.</param>
internal sealed class BestSaver(ILogger logger, string job, ArtifactStores stores, StateLedger ledger, Action failed)
{
    private const string Prefix = "best-";

    /// <summary>Between two of them: where epochs are short, most of what is best is soon not.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan CommitPatience = TimeSpan.FromMinutes(1);

    private readonly object _lock = new(); // Monitor.Wait has no counterpart on Lock.
    /// <summary>How long what is being written is awaited once the job is served no more.</summary>
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(5);

    private Wanted? _wanted;
    private Wanted? _writing;
    private ulong _last;
    private bool _isOver;
    private Thread? _thread;

    private sealed record Wanted(string Artifacts, string Id, CheckpointFacts Facts, StateReader State, HeldState Held);

    /// <summary>Takes the current state if it is the best so far. For the thread that trains, between two items: it does not wait.</summary>
    /// <param name="artifacts">The job's location.</param>
    public void Consider(TrainingJob training, HeldState held, string artifacts, GenerationNumber generation)
    {
        var facts = training.FactsNow();
        if (held.Item <= _last || !facts.IsBest(training.Best))
        {
            return;
        }

        _last = held.Item;
        lock (_lock)
        {
            _wanted?.State.Dispose();
            _wanted = new Wanted(artifacts, $"{Prefix}step-{held.Step}-{generation.Term}-{generation.Number}", facts, training.States.CopyOut(), held);
            if (_thread is null)
            {
                _thread = new Thread(Run) { IsBackground = true, Name = "best-checkpoint" };
                _thread.Start();
            }

            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>The job is served no more: what waits is written yet. The states must live until then.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _isOver = true;
            Monitor.PulseAll(_lock);
        }

        if (_thread?.Join(LastPatience) == false)
        {
            lock (_lock)
            {
                _writing?.State.Dispose(); // The store hangs: whatever it does yet, the state is not read any more.
                _wanted?.State.Dispose();
            }
        }
    }

    private void Run()
    {
        while (Next() is { } wanted)
        {
            try
            {
                Save(wanted);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException) // The last: it was given up.
            {
                logger.LogWarning("Job {Job}: the checkpoint of its best epoch cannot be written, training goes on: {Reason}", job, e.Message);
                failed();
            }
        }
    }

    // Null: there is no more to be done.
    private Wanted? Next()
    {
        lock (_lock)
        {
            while (_wanted is null && !_isOver)
            {
                Monitor.Wait(_lock);
            }

            if (!_isOver)
            {
                Monitor.Wait(_lock, Pause);
            }

            (_writing, _wanted) = (_wanted, null);
            return _writing;
        }
    }

    private void Save(Wanted wanted)
    {
        var pending = CheckpointFiles.Write(At(wanted.Artifacts, wanted.Id), job, wanted.Facts, wanted.State);
        if (ledger.WaitForCommit(wanted.Held.Item, CommitPatience, CancellationToken.None))
        {
            pending.Commit();
            ForgetWorse(wanted);
        }
    }

    // Of earlier items: whoever was first member before may still be writing, and must not win.
    private void ForgetWorse(Wanted best)
    {
        foreach (var id in stores.Open(best.Artifacts).List(CheckpointManifest.Folder).Select(file => CheckpointManifest.IdOf(file.Key)).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            if (id.StartsWith(Prefix, StringComparison.Ordinal) && id != best.Id && StepOf(id) <= best.Held.Step)
            {
                CheckpointPins.DeleteUnlessHeld(At(best.Artifacts, id));
            }
        }
    }

    private IArtifactStore At(string artifacts, string id) => stores.Open($"{artifacts}/{CheckpointManifest.Folder}/{id}");

    private static ulong StepOf(string id) => id.Split('-') is [_, _, var step, ..] && ulong.TryParse(step, out var number) ? number : ulong.MaxValue;
}
