using System.Diagnostics.Metrics;
using Trainer.Coordinator.Jobs;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Metrics;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs;

/// <summary>When a job's next checkpoint is due, as the metric tells it.</summary>
public sealed class JobRecordsTests : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(7);

    private readonly JobLog _log = new(_ => ValueTask.CompletedTask);
    private readonly ControlMetrics _metrics = new();
    private readonly JobRecords _records;
    private readonly JobRow _trains;

    public JobRecordsTests()
    {
        _records = new JobRecords("j-due", _log, curves: null, _metrics);
        _trains = Samples.Row("j-due", JobState.Running) with { Assignment = new Assignment() };
    }

    [Fact]
    public void It_is_due_an_interval_after_the_last_and_after_the_workers_came()
    {
        _records.MeasureCheckpoint(_trains, Interval, Samples.Noon);
        Assert.Equal(Samples.Noon + Interval, Due());

        _records.MeasureCheckpoint(_trains, Interval, Samples.Noon.AddSeconds(3)); // Time alone moves nothing.
        Assert.Equal(Samples.Noon + Interval, Due());

        _records.MeasureCheckpoint(_trains with { Checkpoints = [At(Samples.Noon.AddHours(-1))] }, Interval, Samples.Noon.AddSeconds(4)); // Of before it was suspended.
        Assert.Equal(Samples.Noon + Interval, Due());

        _records.MeasureCheckpoint(_trains with { Checkpoints = [At(Samples.Noon.AddSeconds(5))] }, Interval, Samples.Noon.AddSeconds(6));
        Assert.Equal(Samples.Noon.AddSeconds(5) + Interval, Due());

        _records.MeasureCheckpoint(_trains with { Assignment = null }, Interval, Samples.Noon.AddSeconds(8));
        Assert.Null(Due());

        _records.MeasureCheckpoint(_trains, Interval, Samples.Noon.AddSeconds(9));
        Assert.Equal(Samples.Noon.AddSeconds(9) + Interval, Due());
    }

    [Fact]
    public void It_is_never_due_where_a_job_keeps_none()
    {
        _records.MeasureCheckpoint(_trains, TimeSpan.Zero, Samples.Noon);
        Assert.Null(Due());
    }

    public async ValueTask DisposeAsync()
    {
        _metrics.Dispose();
        await _log.DisposeAsync();
    }

    private static Checkpoint At(DateTimeOffset time) => new() { UnixMs = time.ToUnixTimeMilliseconds(), Bytes = 100 };

    private static DateTimeOffset? Due()
    {
        DateTimeOffset? due = null;
        using var listener = new MeterListener { InstrumentPublished = (instrument, all) => Listen(instrument, all) };
        listener.SetMeasurementEventCallback<double>((_, seconds, labels, _) => due = Equals(labels[0].Value, "j-due") ? DateTimeOffset.FromUnixTimeMilliseconds((long)(seconds * 1000)) : due);
        listener.Start();
        listener.RecordObservableInstruments();
        return due;

        static void Listen(Instrument instrument, MeterListener all)
        {
            if (instrument.Name == MetricCatalog.CheckpointDue.InstrumentName)
            {
                all.EnableMeasurementEvents(instrument);
            }
        }
    }
}
