using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Trainer.Node.States;
using Trainer.Protos;

namespace Trainer.Node.Training;

/// <summary>
/// Writes the closed epochs, and what the evaluations after the last one and the best one found, beside the job's artifacts, where this worker is the first member, on a thread of its own: training never waits for the store. What could not be written is
/// written with the next epoch, or tried again after a while.
/// </summary>
/// <param name="failed">Called whenever they cannot be written.</param>
internal sealed class EpochRecorder(ILogger logger, string job, Action failed)
{
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(5);

    private readonly object _lock = new(); // Monitor.Wait has no counterpart on Lock.
    private ResultFiles? _results;
    private Unwritten? _unwritten;
    private bool _isWriting;
    private bool _isFailing;
    private bool _isOver;
    private Thread? _thread;

    /// <param name="Last">Evaluation; null: it is written, or there was none.</param>
    /// <param name="Best">Likewise.</param>
    /// <param name="Filters">Of all epochs that are not written.</param>
    private sealed record Unwritten(IReadOnlyList<EpochSummary> Closed, EpochEvaluation? Last, EpochEvaluation? Best, IReadOnlyList<FilterRecord> Filters)
    {
        /// <summary>What could not be written, where nothing newer takes its place.</summary>
        public Unwritten Over(Unwritten? older) => this with { Last = Last ?? older?.Last, Best = Best ?? older?.Best, Filters = [.. older?.Filters ?? [], .. Filters] };
    }

    /// <summary>A generation begins.</summary>
    /// <param name="results">Null: another member writes.</param>
    public void Begin(ResultFiles? results)
    {
        lock (_lock)
        {
            _results = results;
            if (results is not null && _thread is null)
            {
                _thread = new Thread(Run) { IsBackground = true, Name = "epochs" };
                _thread.Start();
            }
        }
    }

    /// <summary>All epochs that are closed.</summary>
    /// <param name="closed">By epoch.</param>
    /// <param name="evaluation">After the last of them; null: there was none.</param>
    public void Record(IReadOnlyList<EpochSummary> closed, EpochEvaluation? evaluation)
    {
        lock (_lock)
        {
            if (_results is not null)
            {
                (_unwritten, _isFailing) = (new Unwritten(closed, evaluation, evaluation?.IsBest == true ? evaluation : null, evaluation?.Filters is { } filters ? [filters] : []).Over(_unwritten), false);
                Monitor.PulseAll(_lock);
            }
        }
    }

    /// <summary>Waits until all is written, or cannot be, but not for long.</summary>
    public void Flush(TimeSpan patience)
    {
        var start = Stopwatch.GetTimestamp();
        lock (_lock)
        {
            while ((_unwritten is not null || _isWriting) && !_isFailing && patience - Stopwatch.GetElapsedTime(start) is var left && left > TimeSpan.Zero)
            {
                Monitor.Wait(_lock, left);
            }
        }
    }

    /// <summary>The generation is over: nothing more of it is written.</summary>
    public void End()
    {
        lock (_lock)
        {
            (_results, _unwritten) = (null, null);
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

    private void Run()
    {
        while (Next() is var (results, unwritten))
        {
            try
            {
                results.WriteMetrics(unwritten.Closed);
                results.WriteEvaluations(unwritten.Last, unwritten.Best);
                results.WriteFilters(unwritten.Filters);
                Ended(failed: null);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                logger.LogWarning("Job {Job}: metrics.jsonl cannot be written, training goes on: {Reason}", job, e.Message);
                failed();
                Ended(unwritten);
            }
        }
    }

    // Null: there is no more to be done.
    private (ResultFiles Results, Unwritten Epochs)? Next()
    {
        lock (_lock)
        {
            if (_isFailing && !_isOver)
            {
                Monitor.Wait(_lock, TryAgain);
            }

            while (!_isOver)
            {
                if (_results is { } results && _unwritten is { } epochs)
                {
                    (_unwritten, _isWriting) = (null, true);
                    return (results, epochs);
                }

                Monitor.Wait(_lock);
            }

            return null;
        }
    }

    private void Ended(Unwritten? failed)
    {
        lock (_lock)
        {
            (_isWriting, _isFailing) = (false, failed is not null);
            _unwritten = _results is null ? null : _unwritten?.Over(failed) ?? failed;
            Monitor.PulseAll(_lock);
        }
    }
}
