using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Trainer.Hosting.Artifacts;

namespace Trainer.Node.Training;

/// <summary>
/// Keeps a record of each of the last committed steps, and, where this worker is the first member, writes them beside the job's artifacts: as often as their store
/// takes it, on a thread of its own. Training never waits for the store.
/// </summary>
/// <remarks>
/// What it is told of is committed: every member has applied it, with the same outcome. All members keep the records, so whoever is first in the next generation writes what the one
/// before could not: a file that could not be written is tried again, and the records of a first member that died are those of the others. Memory is bounded; what falls out of it before
/// it is stored is a gap in the record.
/// </remarks>
/// <param name="what">Is recorded, for people: "the hashes of its steps".</param>
/// <param name="failed">Called whenever they cannot be written.</param>
/// <param name="numberOf">By which records are ordered: of a step, or an item of the schedule.</param>
internal sealed class CommitRecorder<T>(ILogger logger, string job, string what, Action failed, Func<T, ulong> numberOf)
{
    private const int MostKept = 1 << 16;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(5);

    private readonly object _lock = new(); // Monitor.Wait has no counterpart on Lock.
    private readonly LinkedList<T> _kept = new();
    private Target? _target;
    private bool _isUrgent;
    private bool _isFailing;
    private bool _isOver;
    private Thread? _thread;

    /// <summary>Where the records of a generation go.</summary>
    /// <param name="From">The number after which it begins.</param>
    private sealed record Target(IRecordLog<T> Log, ulong From);

    /// <summary>A step is committed. One that is known, and number 0, which is before the first, are passed over.</summary>
    public void Add(T record)
    {
        lock (_lock)
        {
            if (numberOf(record) <= LastKept)
            {
                return;
            }

            _kept.AddLast(record);
            if (_kept.Count > MostKept)
            {
                _kept.RemoveFirst();
            }
        }
    }

    /// <summary>A generation begins, from a state that is committed.</summary>
    /// <param name="from">The state's number.</param>
    /// <param name="log">Of the first member; null: another one writes.</param>
    public void Begin(ulong from, IRecordLog<T>? log)
    {
        lock (_lock)
        {
            while (LastKept > from)
            {
                _kept.RemoveLast(); // The job goes on from an earlier state.
            }

            _target = log is null ? null : new Target(log, from);
            if (_target is not null && _thread is null)
            {
                _thread = new Thread(Run) { IsBackground = true, Name = "records" };
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

        _thread?.Join(LastPatience); // It holds nothing of the job's: a store that hangs is waited for by the thread alone.
    }

    private ulong LastKept => _kept.Last is { } last ? numberOf(last.Value) : 0;

    private void Run()
    {
        Target? begun = null;
        while (Next() is var (target, records))
        {
            try
            {
                target.Log.Append(target == begun ? records : Unrecorded(target, records));
                begun = target;
                Forget(numberOf(records[^1]));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Fail(e.Message);
            }
        }
    }

    // What generations before have recorded needs no second record.
    private T[] Unrecorded(Target target, T[] records)
    {
        var recorded = target.Log.LastRecorded();
        return [.. records.Where(record => numberOf(record) > target.From || numberOf(record) > recorded)];
    }

    // Null: there is no more to be done.
    private (Target Target, T[] Records)? Next()
    {
        lock (_lock)
        {
            var start = Stopwatch.GetTimestamp();
            while (!_isOver)
            {
                var wait = (_isFailing ? TryAgain : _target?.Log.AppendInterval ?? LookEvery) - Stopwatch.GetElapsedTime(start);
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
            while (_kept.First is { } first && numberOf(first.Value) <= written)
            {
                _kept.RemoveFirst();
            }

            _isFailing = false;
            Monitor.PulseAll(_lock);
        }
    }

    private void Fail(string reason)
    {
        failed();
        lock (_lock)
        {
            if (!_isFailing)
            {
                logger.LogWarning("Job {Job}: {What} cannot be recorded, training goes on: {Reason}", job, what, reason);
            }

            (_isFailing, _isUrgent) = (true, false);
            Monitor.PulseAll(_lock);
        }
    }
}
