using Microsoft.Extensions.Logging;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Hashes;
using Trainer.Hosting.Steps;
using Trainer.Hosting.Trackers;
using Trainer.Node.States;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Training;

/// <summary>
/// What a worker writes beside a job's files while it runs segments: the hash of each committed state, what steps and epochs came to, and the curve that the
/// coordinator keeps. The first member of a generation writes; the others keep what they may have to write when they become the first.
/// </summary>
internal sealed class SegmentRecords
{
    private static readonly TimeSpan FlushWithin = TimeSpan.FromSeconds(2);

    private readonly CommitRecorder<StepHash> _hashes;
    private readonly CommitRecorder<StepRecord> _steps;
    private readonly CommitRecorder<RunEvent>? _events;
    private readonly EpochRecorder _epochs;
    private readonly JobSpec _spec;
    private StepCurve? _curve;

    /// <param name="notWritten">What is to happen where one of these, by its name, cannot be written.</param>
    public SegmentRecords(ILogger logger, string job, JobSpec spec, Func<string, Action> notWritten)
    {
        _spec = spec;
        _hashes = new CommitRecorder<StepHash>(logger, job, "the hashes of its steps", notWritten("hashes"), hash => hash.Item);
        _steps = new CommitRecorder<StepRecord>(logger, job, "the metrics of its steps", notWritten("steps"), record => record.Step);
        _events = spec.Log?.Tensorboard == true ? new CommitRecorder<RunEvent>(logger, job, "its events for TensorBoard", notWritten("events"), happened => happened.Number) : null;
        _epochs = new EpochRecorder(logger, job, notWritten("metrics"));
    }

    /// <param name="state">The one that the segment begins with.</param>
    /// <param name="artifacts">Where to write; null for all but the first member.</param>
    /// <param name="verifies">Whether the job verifies another one, of whose steps nothing is told again.</param>
    public void Begin(HeldState state, HashOrigin origin, ulong totalSteps, IArtifactStore? artifacts, bool verifies)
    {
        var tells = artifacts is not null && !verifies;
        _epochs.Begin(artifacts is null ? null : new ResultFiles(artifacts));
        _hashes.Begin(state.Item, artifacts is null ? null : new StepHashWriter(artifacts, origin));
        _hashes.Add(HashOf(state));
        _curve = tells ? new StepCurve(totalSteps) : null;
        _steps.Begin(state.Step, tells ? new StepWriter(artifacts!, origin.Term, origin.Number) : null);
        // An evaluation behind the state's step that follows may be on record: it finds the same.
        _events?.Begin(RunEvent.NumberOf(state.Step, isEvaluation: true), tells ? new EventLog(artifacts!, _spec, origin.Term, origin.Number) : null);
    }

    /// <summary>An item is committed.</summary>
    /// <param name="step">Null: it was none.</param>
    /// <param name="evaluation">Likewise.</param>
    public void Add(HeldState state, StepRecord? step, StepEvaluation? evaluation)
    {
        _hashes.Add(HashOf(state));
        if (step is { } record)
        {
            _steps.Add(record);
            _curve?.Add(record);
            _events?.Add(new RunEvent(record, null, record.Time));
        }

        if (evaluation is not null)
        {
            _events?.Add(new RunEvent(null, evaluation, DateTimeOffset.UtcNow.UtcDateTime));
        }
    }

    public void AddEpochs(EpochBook epochs, EpochEvaluation? evaluation) => _epochs.Record(epochs.Closed, evaluation);

    /// <summary>The points of the curve that are new.</summary>
    public IReadOnlyList<CurvePoint> TakeCurve(bool withOpen) => _curve?.Take(withOpen) ?? [];

    /// <summary>Who hears that all is done finds all recorded, unless the store hangs.</summary>
    public void Flush()
    {
        _hashes.Flush(FlushWithin);
        _steps.Flush(FlushWithin);
        _events?.Flush(FlushWithin);
        _epochs.Flush(FlushWithin);
    }

    public void End()
    {
        _hashes.End();
        _steps.End();
        _events?.End();
        _epochs.End();
    }

    public void Stop()
    {
        _hashes.Stop();
        _steps.Stop();
        _events?.Stop();
        _epochs.Stop();
    }

    private static StepHash HashOf(HeldState state) => new(state.Item, state.Step, state.Hash);
}
