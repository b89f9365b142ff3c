using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Hashes;
using Trainer.Node.States;

namespace Trainer.Node.Training;

/// <summary>
/// Keeps the hashes of the last committed items, and, where this worker is the first member, writes them beside the job's artifacts: as often as their store
/// takes it, on a thread of its own. Training never waits for the store.
/// </summary>
/// <remarks>
/// What it is told of is committed: every member has applied it, with this hash. All members keep them, so whoever is first in the next generation writes what the one
/// before could not: a file that could not be written is tried again, and the hashes of a first member that died are those of the others. Memory is bounded; what falls out of it before
/// it is stored is a gap in the record.
/// </remarks>
internal sealed class StepHashRecorder(ILogger logger, string job)
{
    private const int MostKept = 1 << 16;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(5);

    private readonly object _lock = new(); // Monitor.Wait has no counterpart on Lock.
    private readonly LinkedList<StepHash> _kept = new();
    private Target? _target;
    private bool _isUrgent;
    private bool _isFailing;
    private bool _isOver;
    private Thread? _thread;

    /// <summary>Where the hashes of a generation go.</summary>
    /// <param name="From">The item after which it begins.</param>
    private sealed record Target(StepHashWriter Writer, ulong From);

    /// <summary>An item is committed.</summary>
    public void Add(HeldState state)
    {
        lock (_lock)
        {
            if (state.Item == 0 || _kept.Last?.Value.Item >= state.Item)
            {
                return;
            }

            _kept.AddLast(new StepHash(state.Item, state.Step, state.Hash));
            if (_kept.Count > MostKept)
            {
                _kept.RemoveFirst();
            }
        }
    }

    /// <summary>A generation begins, from a state that is committed.</summary>
    /// <param name="origin">Of the first member; null: another one writes.</param>
    public void Begin(HeldState from, IArtifactStore artifacts, HashOrigin? origin)
    {
        lock (_lock)
        {
            while (_kept.Last?.Value.Item > from.Item)
            {
                _kept.RemoveLast(); // The job goes on from an earlier state.
            }

            Add(from);
            _target = origin is null ? null : new Target(new StepHashWriter(artifacts, origin), from.Item);
            if (_target is not null && _thread is null)
            {
                _thread = new Thread(Run) { IsBackground = true, Name = "step-hashes" };
                _thread.Start();
            }
        }
    }

    /// <summary>The generation is over: nothing more of it is written.</summary>
    public void End()
    {
        lock (_lock)
        {
            _target = null;
        }
    }

    /// <summary>Waits until all is on the disk, or cannot be written, but not for long.</summary>
    public void Flush(TimeSpan patience)
    {
        var start = Stopwatch.GetTimestamp();
        lock (_lock)
        {
            while (_target is not null && _kept.Count > 0 && !_isFailing && patience - Stopwatch.GetElapsedTime(start) is var left && left > TimeSpan.Zero)
            {
                _isUrgent = true;
                Monitor.PulseAll(_lock);
                Monitor.Wait(_lock, left);
            }
        }
    }

    /// <summary>The job is served no more.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _isOver = true;
            Monitor.PulseAll(_lock);
        }

        _thread?.Join();
    }

    private void Run()
    {
        Target? begun = null;
        while (Next() is var (target, hashes))
        {
            try
            {
                target.Writer.Append(target == begun ? hashes : Unrecorded(target, hashes));
                begun = target;
                Forget(hashes[^1].Item);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Fail(e.Message);
            }
        }
    }

    // What generations before have recorded needs no second record.
    private static StepHash[] Unrecorded(Target target, StepHash[] hashes)
    {
        var recorded = StepHashFiles.LastItem(target.Writer.Artifacts);
        return [.. hashes.Where(hash => hash.Item > target.From || hash.Item > recorded)];
    }

    // Null: there is no more to be done.
    private (Target Target, StepHash[] Hashes)? Next()
    {
        lock (_lock)
        {
            var start = Stopwatch.GetTimestamp();
            while (!_isOver)
            {
                var wait = (_isFailing ? TryAgain : _target?.Writer.Artifacts.AppendInterval ?? LookEvery) - Stopwatch.GetElapsedTime(start);
                if (_target is { } target && _kept.Count > 0 && (_isUrgent || wait <= TimeSpan.Zero))
                {
                    _isUrgent = false;
                    return (target, [.. _kept]);
                }

                Monitor.Wait(_lock, wait > TimeSpan.Zero ? wait : LookEvery);
            }

            return null;
        }
    }

    private void Forget(ulong written)
    {
        lock (_lock)
        {
            while (_kept.First?.Value.Item <= written)
            {
                _kept.RemoveFirst();
            }

            _isFailing = false;
            Monitor.PulseAll(_lock);
        }
    }

    private void Fail(string reason)
    {
        lock (_lock)
        {
            if (!_isFailing)
            {
                logger.LogWarning("Job {Job}: the hashes of its steps cannot be recorded, training goes on: {Reason}", job, reason);
            }

            (_isFailing, _isUrgent) = (true, false);
            Monitor.PulseAll(_lock);
        }
    }
}
