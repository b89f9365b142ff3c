using System.Threading.Channels;

namespace Trainer.Coordinator.Store;

/// <summary>
/// Steps of jobs' curves on their way to the store, in batches of their own: whoever has one never waits, and no decision shares a transaction with one. While the store is away they wait, as far
/// as there is room; the oldest give way. Whoever draws the curve sees a gap there: the whole record is beside the job's files.
/// </summary>
public sealed class JobCurves : IAsyncDisposable
{
    private const int Most = 20_000;
    private const int Batch = 500;

    private static readonly TimeSpan Gather = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan EndWithin = TimeSpan.FromSeconds(2);

    private readonly Func<IReadOnlyList<JobCurvePoint>, ValueTask> _write;
    private readonly Channel<JobCurvePoint> _points = Channel.CreateBounded<JobCurvePoint>(new BoundedChannelOptions(Most) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _writing;

    /// <param name="write"><see cref="IJobStore.AppendCurvesAsync"/>.</param>
    public JobCurves(Func<IReadOnlyList<JobCurvePoint>, ValueTask> write)
    {
        _write = write;
        _writing = Task.Run(WriteAsync);
    }

    public void Append(JobCurvePoint point) => _points.Writer.TryWrite(point);

    /// <summary>Writes what is left, if the store takes it within a moment.</summary>
    public async ValueTask DisposeAsync()
    {
        _points.Writer.Complete();
        await _stop.CancelAsync();
        await Task.WhenAny(_writing, Task.Delay(EndWithin));
    }

    private async Task WriteAsync()
    {
        while (await _points.Reader.WaitToReadAsync())
        {
            await PauseAsync(Gather);
            var points = new List<JobCurvePoint>();
            while (points.Count < Batch && _points.Reader.TryRead(out var point))
            {
                points.Add(point);
            }

            await WriteAsync(points);
        }
    }

    private async Task WriteAsync(List<JobCurvePoint> points)
    {
        while (true)
        {
            try
            {
                await _write(points);
                return;
            }
            catch (StoreException fault) when (fault.Fault != StoreFault.Failed && !_stop.IsCancellationRequested)
            {
                await PauseAsync(RetryAfter);
            }
            catch (StoreException)
            {
                return; // What the store refuses now it will refuse again.
            }
        }
    }

    private async Task PauseAsync(TimeSpan time) => await Task.Delay(time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
