using Trainer.Protos;

namespace Trainer.Coordinator.Store;

/// <summary>Lines that wait to be written: bounded, and where it is full, counting what it leaves out. For any number of writers and one reader.</summary>
internal sealed class LogBuffer(int mostLines, int mostCharacters)
{
    private readonly Lock _lock = new();
    private readonly Queue<JobLogLine> _lines = new();
    private readonly Dictionary<string, (int Count, DateTimeOffset Last)> _dropped = new(StringComparer.Ordinal);
    private long _characters;

    /// <summary>False when there is no room for it.</summary>
    public bool Add(JobLogLine line)
    {
        lock (_lock)
        {
            if (_lines.Count >= mostLines || _characters + line.Message.Length > mostCharacters)
            {
                Leave(line);
                return false;
            }

            _characters += line.Message.Length;
            _lines.Enqueue(line);
            return true;
        }
    }

    /// <summary>Counts lines that could not be written as left out.</summary>
    public void Leave(IEnumerable<JobLogLine> lines)
    {
        lock (_lock)
        {
            foreach (var line in lines)
            {
                Leave(line);
            }
        }
    }

    /// <summary>The oldest lines; then, once none is left, how many of each job were left out since.</summary>
    public IReadOnlyList<JobLogLine> Take(int most)
    {
        lock (_lock)
        {
            var taken = new List<JobLogLine>();
            while (taken.Count < most && _lines.TryDequeue(out var line))
            {
                _characters -= line.Message.Length;
                taken.Add(line);
            }

            if (_lines.Count == 0)
            {
                taken.AddRange(_dropped.Select(job => new JobLogLine(job.Key, JobLogLine.OfLog, $"{job.Value.Count} lines were left out here: the store did not keep up with them.", job.Value.Last, LogSeverity.Warn)));
                _dropped.Clear();
            }

            return taken;
        }
    }

    private void Leave(JobLogLine line) => _dropped[line.Job] = (_dropped.GetValueOrDefault(line.Job).Count + 1, line.Time);
}
