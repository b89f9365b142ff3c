using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Grpc.Core;
using Trainer.Protos;

namespace Trainer.Hosting.Metrics;

/// <summary>What a coordinator measures. Gauges are asked for when scraped.</summary>
public sealed class ControlMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly ConcurrentDictionary<(string To, string Reason), long> _transitions = new(KnownTransitions.All.Select(known => KeyValuePair.Create(known, 0L)));
    private readonly long[] _calls = new long[Codes.Count];
    private readonly Histogram<double> _callDuration;
    private readonly Histogram<double> _queueWait;
    private readonly long[] _artifactFailures = new long[Enum.GetValues<ArtifactFailure>().Length];
    private readonly long[] _preemptions = new long[Enum.GetValues<Preemption>().Length];
    private readonly Histogram<double> _recovery;
    private readonly Histogram<double> _changePause;
    private readonly Histogram<double> _store;
    private readonly ConcurrentDictionary<string, (DateTimeOffset Time, ulong Bytes)> _checkpoints = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _checkpointsDue = new(StringComparer.Ordinal);
    private readonly long[] _evictions = new long[EvictionReasons.Count];
    private readonly long[] _deliveries = new long[Receivers.Count * Enum.GetValues<DeliveryResult>().Length];
    private long _logLinesDropped;
    private long _stepsRedone;

    public ControlMetrics()
    {
        _meter = MetricCatalog.MeterOf(this);
        _meter.ObserveEach(MetricCatalog.JobTransitions, () =>
            _transitions.Select(transition => new Measurement<long>(transition.Value, Label("to", transition.Key.To), Label("reason", transition.Key.Reason))));
        _meter.ObserveEach(MetricCatalog.ApiCalls, () => Codes.Select((code, i) => new Measurement<long>(Volatile.Read(ref _calls[i]), Label("code", $"{code}"))));
        _callDuration = _meter.Histogram(MetricCatalog.ApiDuration);
        _queueWait = _meter.Histogram(MetricCatalog.QueueWait);
        _meter.ObserveEach(MetricCatalog.ArtifactFailures, () =>
            Enum.GetValues<ArtifactFailure>().Select(failure => new Measurement<long>(Volatile.Read(ref _artifactFailures[(int)failure]), Label("what", failure.ToString().ToLowerInvariant()))));
        _meter.ObserveEach(MetricCatalog.Preemptions, () =>
            Enum.GetValues<Preemption>().Select(what => new Measurement<long>(Volatile.Read(ref _preemptions[(int)what]), Label("what", what.ToString().ToLowerInvariant()))));
        _recovery = _meter.Histogram(MetricCatalog.Recovery);
        _changePause = _meter.Histogram(MetricCatalog.ChangePause);
        _store = _meter.Histogram(MetricCatalog.StoreDuration);
        _meter.ObserveEach(MetricCatalog.Evictions, () => EvictionReasons.Select((reason, i) => new Measurement<long>(Volatile.Read(ref _evictions[i]), Label("reason", reason))));
        _meter.ObserveEach(MetricCatalog.Deliveries, () => Receivers.SelectMany(_ => Enum.GetValues<DeliveryResult>(), (to, result) =>
            new Measurement<long>(Volatile.Read(ref Told(to, result)), Label("to", to), Label("result", result == DeliveryResult.GivenUp ? "given_up" : result.ToString().ToLowerInvariant()))));
        _meter.Observe(MetricCatalog.StepsRedone, () => Interlocked.Read(ref _stepsRedone));
        _meter.ObserveEach(MetricCatalog.CheckpointAge, () => _checkpoints.Select(run => new Measurement<double>((DateTimeOffset.UtcNow - run.Value.Time).TotalSeconds, Label("run", run.Key))));
        _meter.ObserveEach(MetricCatalog.CheckpointSize, () => _checkpoints.Select(run => new Measurement<long>((long)run.Value.Bytes, Label("run", run.Key))));
        _meter.ObserveEach(MetricCatalog.CheckpointDue, () => _checkpointsDue.Select(run => new Measurement<double>(run.Value.ToUnixTimeMilliseconds() / 1000.0, Label("run", run.Key))));
        _meter.Observe(MetricCatalog.LogLinesDropped, () => Interlocked.Read(ref _logLinesDropped)); // From 0 on, whenever it is first scraped.
    }

    /// <summary>The label of a state: lower case, as in <c>trainer jobs</c>.</summary>
    public static string StateLabel(JobState state) => state.ToString().ToLowerInvariant();

    /// <summary>Jobs by state (<see cref="StateLabel"/>), asked for at every scrape; a state that is not named has none.</summary>
    public void ObserveJobs(Func<IReadOnlyDictionary<string, int>> jobsByState) => _meter.ObserveEach(MetricCatalog.Jobs, () =>
    {
        var counts = jobsByState();
        return Enum.GetValues<JobState>()
            .Where(state => state != JobState.Unspecified)
            .Select(StateLabel)
            .Select(state => new Measurement<int>(counts.GetValueOrDefault(state), Label("state", state)));
    });

    /// <summary>Cluster members by (role, status), and unreachable ones; asked for at every scrape.</summary>
    public void ObserveMembers(Func<IReadOnlyDictionary<(string Role, string Status), int>> members, Func<int> unreachable)
    {
        _meter.ObserveEach(MetricCatalog.ClusterMembers, () =>
            members().Select(group => new Measurement<int>(group.Value, Label("role", group.Key.Role), Label("status", group.Key.Status))));
        _meter.Observe(MetricCatalog.ClusterUnreachable, unreachable);
    }

    /// <summary>Workers known to the scheduler by state: idle, busy, shut.</summary>
    public void ObserveWorkers(Func<IReadOnlyDictionary<string, int>> workersByState) => _meter.ObserveEach(MetricCatalog.Workers, () =>
        workersByState().Select(group => new Measurement<int>(group.Value, Label("state", group.Key))));

    /// <summary>Workers that all jobs could use together, by kind of device.</summary>
    public void ObserveWanted(Func<IReadOnlyDictionary<string, int>> wantedByDevice) => _meter.ObserveEach(MetricCatalog.WorkersWanted, () =>
        wantedByDevice().Select(group => new Measurement<int>(group.Value, Label("device", group.Key))));

    /// <summary>Jobs with workers that live and that they do without.</summary>
    public void ObserveEvicted(Func<IReadOnlyCollection<(string Run, string Worker)>> evicted) => _meter.ObserveEach(MetricCatalog.Evicted, () =>
        evicted().Select(pair => new Measurement<int>(1, Label("run", pair.Run), Label("worker", pair.Worker))));

    /// <param name="to"><see cref="StateLabel"/> of the new state.</param>
    /// <param name="reason">One of a few words, as stored with the transition; never a text with names or numbers.</param>
    public void Transition(string to, string reason) => _transitions.AddOrUpdate((to, reason), 1, (_, count) => count + 1);

    /// <summary>A call of the job API.</summary>
    /// <param name="after">Null: of a stream, or not measured.</param>
    public void Answered(StatusCode code, TimeSpan? after)
    {
        Interlocked.Increment(ref _calls[Codes.IndexOf(Enum.IsDefined(code) ? code : StatusCode.Unknown)]);
        if (after is { } duration)
        {
            _callDuration.Record(duration.TotalSeconds);
        }
    }

    private static readonly List<StatusCode> Codes = [.. Enum.GetValues<StatusCode>()];

    /// <summary>The words that <see cref="Evicted"/> knows.</summary>
    public static IReadOnlyList<string> EvictionReasons { get; } = ["lost", "stuck", "late", "failed", "links", "corruption"];

    public void Evicted(string reason) => Interlocked.Increment(ref _evictions[EvictionReasons.Index().First(known => known.Item == reason).Index]);

    public const string Webhook = "webhook";

    public const string MlFlow = "mlflow";

    /// <summary>Who can be told of jobs outside the cluster: the words that <see cref="Delivered"/> knows.</summary>
    public static IReadOnlyList<string> Receivers { get; } = [Webhook, MlFlow];

    public void Delivered(string to, DeliveryResult result, int count = 1) => Interlocked.Add(ref Told(to, result), count);

    public void Redone(ulong steps) => Interlocked.Add(ref _stepsRedone, (long)steps);

    /// <summary>A job trains again.</summary>
    /// <param name="isRecovery">After a loss; else after a planned change.</param>
    public void Paused(bool isRecovery, double seconds) => (isRecovery ? _recovery : _changePause).Record(seconds);

    /// <summary>The newest checkpoint of a job that has workers.</summary>
    public void Checkpointed(string run, DateTimeOffset time, ulong bytes) => _checkpoints[run] = (time, bytes);

    /// <summary>By when a job that has workers is to have its next checkpoint; null: it keeps none.</summary>
    public void CheckpointDue(string run, DateTimeOffset? by)
    {
        if (by is { } time)
        {
            _checkpointsDue[run] = time;
        }
        else
        {
            _checkpointsDue.TryRemove(run, out _);
        }
    }

    /// <summary>A job has workers no more, or is another coordinator's.</summary>
    public void Forget(string run)
    {
        _checkpoints.TryRemove(run, out _);
        _checkpointsDue.TryRemove(run, out _);
    }

    public void StoreAnswered(TimeSpan after) => _store.Record(after.TotalSeconds);

    /// <summary>Null: there is no telling.</summary>
    public void ObserveRoom(Func<long?> free, Func<int?> orphans)
    {
        _meter.ObserveEach<long>(MetricCatalog.ArtifactsFree, () => free() is { } bytes ? [new(bytes)] : []);
        _meter.ObserveEach<int>(MetricCatalog.Orphans, () => orphans() is { } count ? [new(count)] : []);
    }

    public void LogLineDropped() => Interlocked.Increment(ref _logLinesDropped);

    public void Failed(ArtifactFailure failure) => Interlocked.Increment(ref _artifactFailures[(int)failure]);

    public void Preempted(Preemption what) => Interlocked.Increment(ref _preemptions[(int)what]);

    /// <summary>Seconds from creation to STARTING.</summary>
    public void QueueWait(double seconds) => _queueWait.Record(seconds);

    public void Dispose() => _meter.Dispose();

    private ref long Told(string to, DeliveryResult result) => ref _deliveries[Receivers.Index().First(known => known.Item == to).Index * Enum.GetValues<DeliveryResult>().Length + (int)result];

    private static KeyValuePair<string, object?> Label(string name, string value) => new(name, value);
}
