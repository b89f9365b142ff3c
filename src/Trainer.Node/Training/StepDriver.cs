using System.Collections.Concurrent;
using Akka.Actor;
using Microsoft.Extensions.Logging;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Files;
using Trainer.Hosting.Hashes;
using Trainer.Hosting.Metrics;
using Trainer.Hosting.Steps;
using Trainer.Hosting.Traces;
using Trainer.Kernels;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Training;
using Trainer.Node.Links;
using Trainer.Node.Reduction;
using Trainer.Node.States;
using Trainer.Protos;
using Trainer.Protos.Cluster;
using Failure = Trainer.Protos.Cluster.Failure;

namespace Trainer.Node.Training;

/// <summary>What a driver needs to enter a generation.</summary>
/// <param name="BuffersAreFree">Ends once nobody reads or writes the buffers of the generation before.</param>
/// <param name="Interruption">Cancelled when the generation is over.</param>
/// <param name="LinkHeader">Of the own Hello.</param>
/// <param name="Secret">The own Hello, with the generation's secret.</param>
internal sealed record Entry(
    Start Start, Task BuffersAreFree, CancellationToken Interruption, LinkRoutes Routes, FrameHeader LinkHeader, Hello Secret)
{
    public GenerationNumber Generation { get; } = GenerationNumber.Of(Start.Generation);
}

/// <summary>
/// The thread that computes for a job as long as a worker serves it. It loads, takes over states, and runs a segment of the schedule in each generation; it never ends
/// with one. Orders queue up; what it has to say goes to the worker's actor as messages.
/// </summary>
internal sealed class StepDriver
{
    private readonly JobSpec _spec;
    private readonly Expectation? _expectation;
    private readonly Func<string, CancellationToken, CachedPack> _pushed;
    private readonly CancellationTokenSource _abandoned = new();
    private readonly string _job;
    private readonly Device _device;
    private readonly FileRoots _files;
    private readonly TrainingMetrics _metrics;
    private readonly IActorRef _worker;
    private readonly ILogger _logger;
    private readonly Action<Moment>? _reached;
    private readonly BlockingCollection<Action> _orders = [];
    private readonly StateSaver _saver;
    private readonly ArtifactStores _stores;
    private readonly BestSaver _best;
    private readonly SegmentRecords _records;
    private readonly Thread _thread;
    private readonly Lock _loading = new();
    private bool _isAbandoned;
    private volatile bool _isBusy;
    private TrainingJob? _training;
    private ExpectedHashes? _expected;
    private Workspace? _work;
    private Segment? _segment;
    private ProgressMeter? _meter;
    private ShareMeter? _share;
    private ItemDeadlines? _deadlines;

    /// <param name="expectation">Of a job that verifies another one.</param>
    /// <param name="pushed">Fetches the data set that the job names as pushed.</param>
    public StepDriver(string job, WorkerSpans spans, JobSpec spec, Expectation? expectation, Func<string, CancellationToken, CachedPack> pushed, Device device, ArtifactStores stores, FileRoots files, TrainingMetrics metrics, IActorRef worker, ILogger logger, Action<Moment>? reached)
    {
        Spans = spans;
        (_job, _spec, _expectation, _pushed, _device, _stores, _files, _metrics, _worker, _logger, _reached) = (job, spec, expectation, pushed, device, stores, files, metrics, worker, logger, reached);
        _best = new BestSaver(logger, job, stores, Ledger, NotWritten("best"));
        _saver = new StateSaver(logger, job, stores, Ledger, worker, reached);
        _records = new SegmentRecords(logger, job, spec, NotWritten);
        _thread = new Thread(Run) { IsBackground = true, Name = "training" };
        _thread.Start();
        Order(default, Load);
    }

    /// <summary>Data and model are there; a generation can be entered.</summary>
    public sealed record Loaded : INoSerializationVerificationNeeded;

    /// <summary>The state that the generation begins with is there, and what links need to exchange.</summary>
    public sealed record Ready(GenerationNumber Generation, Workspace Work, WarmStartRest? WarmStartRest) : INoSerializationVerificationNeeded;

    public sealed record Progressed(GenerationNumber Generation, CommittedProgress Progress) : INoSerializationVerificationNeeded;

    public sealed record Ended(GenerationNumber Generation, SegmentEnd End, HeldState State) : INoSerializationVerificationNeeded;

    public sealed record Failed(GenerationNumber Generation, Failure Failure) : INoSerializationVerificationNeeded;

    /// <summary>What is free in the store of the job's files.</summary>
    public sealed record RoomMeasured(GenerationNumber Generation, Room Room) : INoSerializationVerificationNeeded;

    /// <summary>The thread has ended, and the states are gone.</summary>
    public sealed record Over : INoSerializationVerificationNeeded;

    /// <summary>Null: nobody changes memory.</summary>
    public MemoryHashed? Hashed { get; init; }

    /// <summary>Tells where the time goes until it trains.</summary>
    public WorkerSpans Spans { get; }

    public StateLedger Ledger { get; } = new();

    /// <summary>What the thread is at.</summary>
    public ThreadWatch Watch { get; } = new();

    public EpochBook Epochs { get; } = new();

    /// <summary>Whether the thread waits for an order.</summary>
    public bool IsAtRest => !_isBusy && _orders.Count == 0;

    /// <summary>The training step in flight, as users count them.</summary>
    public ulong StepInFlight => _segment?.Item.TrainingStep ?? 0;

    /// <summary>How fast the worker computes; null until it has loaded.</summary>
    public ShareMeter? Share => Volatile.Read(ref _share);

    /// <summary>The item in flight.</summary>
    public ulong ItemInFlight => _segment?.Item.Index ?? 0;

    public void Enter(Entry entry) => Order(entry.Generation, () => Prepare(entry));

    public void Train(Entry entry, AllReduceClient allReduce) => Order(entry.Generation, () => RunSegment(entry, allReduce));

    /// <summary>Writes the state: a checkpoint at the next boundary between two items, a result once the schedule is done.</summary>
    public void Save(Save order)
    {
        if (order.Kind == Protos.Cluster.Save.Types.Kind.Result)
        {
            Order(default, () => _saver.SaveResult(order, _training!, _work!.Network, Ledger.Current!.Value));
        }
        else
        {
            _saver.Ask(order);
            Order(default, () => SaveWhatIsAskedFor(Ledger.Current));
        }
    }

    /// <summary>A holder's part in a transfer: a reader of the state after an item; null where that is not the current one.</summary>
    public StateReader? OpenReader(ulong item) => Ledger.Current?.Item == item ? _training?.States.CopyOut() : null;

    /// <summary>
    /// Gives up a driver that still loads: reading may take long and cannot be cut short, and nothing lies on the device yet. False: it has loaded, and has to come to rest.
    /// </summary>
    public bool Abandon()
    {
        lock (_loading)
        {
            _isAbandoned = _training is null;
            if (_isAbandoned)
            {
                _abandoned.Cancel();
            }

            return _isAbandoned;
        }
    }

    /// <summary>No more orders: the thread ends after the one that runs.</summary>
    public void Stop() => _orders.CompleteAdding();

    /// <summary>Waits until the thread has ended; it was stopped, and its generation interrupted, before.</summary>
    public void Join() => _thread.Join();

    private void Order(GenerationNumber generation, Action action)
    {
        if (!_orders.IsAddingCompleted)
        {
            _orders.Add(() => Carry(generation, action));
        }
    }

    private void Run()
    {
        _device.Bind();
        foreach (var order in _orders.GetConsumingEnumerable())
        {
            _isBusy = true;
            order();
            Watch.Begin("waiting for an order");
            _isBusy = false;
        }

        _metrics.EndRun();
        Ledger.End();
        _saver.Stop();
        _best.Stop();
        _records.Stop();
        _work?.Dispose();
        _training?.Dispose();
        if (!_isAbandoned)
        {
            _worker.Tell(new Over());
        }
    }

    private void Carry(GenerationNumber generation, Action action)
    {
        try
        {
            action();
        }
        catch (OperationCanceledException)
        {
            // The generation is over; whoever ended it knows why.
        }
        catch (Exception e)
        {
            var failure = Failures.Of(e, _segment, _work?.Network);
            if (failure.Kind == Failure.Types.Kind.Corruption)
            {
                ForgetWhatChanged();
            }

            if (failure.Kind == Failure.Types.Kind.NotFinite)
            {
                _metrics.NonFinite();
            }
            else if (failure.Kind == Failure.Types.Kind.Exception)
            {
                _logger.LogError(e, "Training of job {Job} broke.", _job);
            }

            if (!_isAbandoned)
            {
                _worker.Tell(new Failed(generation, failure));
            }
        }
    }

    private void Load()
    {
        _reached?.Invoke(Moment.Loading);
        Watch.Begin("loading data and model");
        foreach (var refused in _files.Refuse(_spec))
        {
            throw new ModelException(refused.Path, refused.Problem);
        }

        var training = Spans.Measure(SpanCatalog.LoadData, null, ReadJob);
        _expected = _expectation is null ? null : ExpectedHashes.Read(_expectation, training, _stores);
        lock (_loading)
        {
            if (_isAbandoned)
            {
                training.Dispose();
                return;
            }

            Spans.Measure(SpanCatalog.LayOut, null, training.LayOut);
            _training = training;
        }

        _meter = new ProgressMeter(_training.Schedule);
        Volatile.Write(ref _share, new ShareMeter((double)training.Parameters.BatchSize / training.Parameters.Shards));
        _worker.Tell(new Loaded());
    }

    private TrainingJob ReadJob()
    {
        using var pack = _spec.Data.Pushed.Length > 0 ? _pushed(_spec.Data.Pushed, _abandoned.Token) : null;
        return TrainingJob.Load(
            _spec, _device, _expectation?.LastItem, broken => _logger.LogWarning("Job {Job} goes on without a sample: {Problem}.", _job, broken), pack?.Path);
    }

    private void Prepare(Entry entry)
    {
        Watch.Begin("taking the state over");
        entry.BuffersAreFree.Wait(entry.Interruption);
        _reached?.Invoke(Moment.Starting);
        if (entry.Start.Examine)
        {
            Examine();
        }

        _segment = null;
        _work?.Dispose();
        _work = null;
        var work = Spans.Measure(SpanCatalog.BuildNetwork, entry.Generation, () => Workspace.Create(_training!, entry.Start.Assignment, (int)entry.Start.Rank, Hashed));
        _work = work;
        var rest = Spans.Measure(SpanCatalog.TakeState, entry.Generation, () => StateSource.Take(entry, work, Ledger, _stores, _reached));
        Ledger.Begin(entry.Generation, entry.Start.FromItem - 1);
        _expected?.Check(Ledger.Current!.Value);
        Epochs.Restore(_training!.States.Current.Progress, entry.Start.Epochs);
        _worker.Tell(new Ready(entry.Generation, _work, rest));
    }

    /// <summary>Somebody's memory may have changed: is it this one's?</summary>
    /// <exception cref="CorruptStateException">It is.</exception>
    private void Examine()
    {
        var changed = _work?.Hashes.FindChanged() ?? ForgetWhatChanged();
        _work?.Dispose();
        _work = null;
        if (changed is not null)
        {
            throw new CorruptStateException($"{changed} has changed in memory since it was hashed.");
        }
    }

    /// <summary>A state that is not what it was is held no more: nobody is to go on from it. Returns what it is; null: all are as they were.</summary>
    private string? ForgetWhatChanged()
    {
        var states = _training!.States;
        string? changed = null;
        foreach (var (known, found) in states.Held.Zip(states.HashAgain()).Where(pair => pair.First != pair.Second))
        {
            Ledger.Forget(known.Hash);
            changed ??= $"The state after item {known.Step}";
        }

        return changed;
    }

    private RunIdentity Identity => new(_job, _spec.Name, _spec.Model.Zoo.Length > 0 ? _spec.Model.Zoo : "layers");

    private void RunSegment(Entry entry, AllReduceClient allReduce)
    {
        var (work, training) = (_work!, _training!);
        _deadlines ??= new ItemDeadlines(entry.Start.StepDeadlineSeconds);
        _metrics.BeginRun(Identity, work.Rank, work.Plan.Members, training.Schedule.TotalSteps);
        var artifacts = _stores.Open(entry.Start.Artifacts);
        _segment = new Segment(work, Ledger, entry.Generation, _deadlines, Watch, allReduce, _meter!, _share!, _metrics, Agree, progress => Publish(entry.Generation, progress), _reached);
        var isFirst = work.Rank == 0;
        if (isFirst && training.KeepsCheckpoints)
        {
            var bytes = (ulong)CheckpointFiles.BytesOf(training.States.Current);
            RoomMeter.Start(artifacts, _job, _logger, free => _worker.Tell(new RoomMeasured(entry.Generation, new Room { CheckpointBytes = bytes, FreeBytes = (ulong)free })));
        }

        var origin = HashOrigin.Of(_job, entry.Start.Generation, training.Numerics, training.Data.Fingerprint);
        _records.Begin(Ledger.Current!.Value, origin, training.Schedule.TotalSteps, isFirst ? artifacts : null, verifies: _expectation is not null);
        try
        {
            var end = _segment.Run(entry.Start.FromItem, AtBoundary, entry.Interruption);
            _records.Flush();
            _worker.Tell(new Ended(entry.Generation, end, Ledger.Current!.Value));
        }
        finally
        {
            _records.End();
            _metrics.EndRun();
        }

        if (Ledger.Current is { } last)
        {
            AtBoundary(last);
        }

        void AtBoundary(HeldState state)
        {
            SaveWhatIsAskedFor(state);
            if (isFirst && _expectation is null && training.KeepsCheckpoints) // What is verified leaves nothing.
            {
                _best.Consider(training, state, entry.Start.Artifacts, entry.Generation);
            }
        }
    }

    private Action NotWritten(string what) => () => _worker.Tell(new RecordFailed { What = what });

    private void Agree(HeldState state, StepRecord? step, Protos.StepEvaluation? evaluation)
    {
        _records.Add(state, step, evaluation);
        _expected?.Check(state);
    }

    private void Publish(GenerationNumber generation, CommittedProgress progress)
    {
        if (progress.Epoch is { } epoch)
        {
            Epochs.Add(epoch);
            _records.AddEpochs(Epochs, progress.Evaluation);
        }

        _worker.Tell(new Progressed(generation, progress with { Curve = _records.TakeCurve(withOpen: progress.Epoch is not null) }));
    }

    private void SaveWhatIsAskedFor(HeldState? state)
    {
        if (state is { } held)
        {
            _saver.Begin(_training!, held);
        }
    }
}
