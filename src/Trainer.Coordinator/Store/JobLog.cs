namespace Trainer.Coordinator.Store;

/// <summary>Jobs' log lines on their way to the store, in batches of their own: whoever has a line never waits, and no decision shares a transaction with one.</summary>
/// <remarks>Lines are not acknowledged: a coordinator that is killed takes those of its last moments with it. While the store is away they wait, as far as there is room.</remarks>
public sealed class JobLog : IAsyncDisposable
{
    private const int MostLines = 20_000;
    private const int MostCharacters = 16 << 20;
    private const int Batch = 500;

    private static readonly TimeSpan Gather = TimeSpan.FromSeconds(0.05);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan EndWithin = TimeSpan.FromSeconds(2);

    private readonly Func<IReadOnlyList<JobLogLine>, ValueTask> _write;
    private readonly LogSignal? _written;
    private readonly Action? _dropped;
    private readonly LogBuffer _buffer;
    private readonly SemaphoreSlim _some = new(0, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _writing;

    /// <param name="write"><see cref="IJobStore.AppendLogAsync"/>.</param>
    /// <param name="written">Told of what gets into a job's log.</param>
    /// <param name="dropped">Called for each line for which there is no room.</param>
    public JobLog(Func<IReadOnlyList<JobLogLine>, ValueTask> write, LogSignal? written = null, Action? dropped = null, int mostLines = MostLines)
    {
        (_write, _written, _dropped, _buffer) = (write, written, dropped, new LogBuffer(mostLines, MostCharacters));
        _writing = Task.Run(WriteAsync);
    }

    public void Append(JobLogLine line)
    {
        if (!_buffer.Add(line))
        {
            _dropped?.Invoke();
        }

        Signal();
    }

    /// <summary>Writes what is left, if the store takes it within a moment.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Signal();
        await Task.WhenAny(_writing, Task.Delay(EndWithin));
    }

    private async Task WriteAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await _some.WaitAsync();
            await PauseAsync(Gather);
            for (var lines = _buffer.Take(Batch); lines.Count > 0; lines = _buffer.Take(Batch))
            {
                await WriteAsync(lines);
            }
        }
    }

    private async Task WriteAsync(IReadOnlyList<JobLogLine> lines)
    {
        while (true)
        {
            try
            {
                await _write(lines);
                foreach (var job in lines.Select(line => line.Job).Distinct(StringComparer.Ordinal))
                {
                    _written?.Raise(job);
                }

                return;
            }
            catch (StoreException fault)
            {
                if (_stop.IsCancellationRequested)
                {
                    return;
                }

                // What the store refuses now it will refuse again.
                if (fault.Fault == StoreFault.Failed)
                {
                    _buffer.Leave(lines);
                    await PauseAsync(RetryAfter);
                    return;
                }

                await PauseAsync(RetryAfter);
            }
        }
    }

    private async Task PauseAsync(TimeSpan time) => await Task.Delay(time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private void Signal()
    {
        try
        {
            _some.Release();
        }
        catch (SemaphoreFullException)
        {
            // The writer knows already.
        }
    }
}
