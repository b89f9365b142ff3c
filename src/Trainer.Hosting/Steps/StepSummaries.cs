using System.Collections.Concurrent;
using Trainer.Hosting.Artifacts;

namespace Trainer.Hosting.Steps;

/// <summary>Makes the summaries of files of steps that somebody missed, one after the other, on a thread of its own: nobody waits for them.</summary>
public sealed class StepSummaries : IDisposable
{
    /// <summary>What is beyond is not made now. Whoever asks again misses it again.</summary>
    private const int MostWaiting = 4096;

    // Behind one that came to nothing: the disk is full, or is not to be written to, or the file is none.
    private static readonly TimeSpan Rest = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan EndWithin = TimeSpan.FromSeconds(5);

    private readonly BlockingCollection<(IArtifactStore Artifacts, string File)> _waiting = new(MostWaiting);
    private readonly ConcurrentDictionary<string, bool> _wanted = new(StringComparer.Ordinal);
    private readonly TimeProvider _clock;
    private readonly Thread _thread;
    private long _failed;

    public StepSummaries()
        : this(TimeProvider.System)
    {
    }

    internal StepSummaries(TimeProvider clock)
    {
        _clock = clock;
        _thread = new Thread(Work) { IsBackground = true, Name = "step-summaries" };
        _thread.Start();
    }

    /// <summary>So many are waited for.</summary>
    internal int Waiting => _wanted.Count;

    /// <summary>A file's summary is missed, or is of another state of the file.</summary>
    public void Want(IArtifactStore artifacts, string file)
    {
        if (!IsResting && _wanted.TryAdd(artifacts.LocationOf(file), true) && !_waiting.TryAdd((artifacts, file)))
        {
            _wanted.TryRemove(artifacts.LocationOf(file), out _);
        }
    }

    private bool IsResting => Interlocked.Read(ref _failed) is not 0 and var failed && _clock.GetElapsedTime(failed) < Rest;

    public void Dispose()
    {
        _waiting.CompleteAdding();
        _thread.Join(EndWithin);
    }

    private void Work()
    {
        foreach (var (artifacts, file) in _waiting.GetConsumingEnumerable())
        {
            if (!IsResting && !_waiting.IsAddingCompleted && !IsMade(artifacts, file))
            {
                Interlocked.Exchange(ref _failed, _clock.GetTimestamp());
            }

            _wanted.TryRemove(artifacts.LocationOf(file), out _);
        }
    }

    private bool IsMade(IArtifactStore artifacts, string file)
    {
        try
        {
            return StepSummaryBuilder.Make(artifacts, file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException || _waiting.IsAddingCompleted)
        {
            return false; // Curves are read without.
        }
    }
}
