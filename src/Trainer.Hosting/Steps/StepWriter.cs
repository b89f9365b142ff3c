using Trainer.Hosting.Artifacts;

namespace Trainer.Hosting.Steps;

/// <summary>Appends what the steps of one generation came to to its files.</summary>
/// <param name="artifacts">The job's.</param>
/// <param name="term">Of the generation, as <paramref name="number"/> is.</param>
public sealed class StepWriter(IArtifactStore artifacts, ulong term, ulong number) : IRecordLog<StepRecord>
{
    private readonly RollingLog _log = new(artifacts, part => StepFiles.KeyOf(term, number, part), StepLines.Head);

    public TimeSpan AppendInterval => artifacts.AppendInterval;

    public void Append(IReadOnlyCollection<StepRecord> records) => _log.Append([.. records.Select(StepLines.Of)]);

    public ulong LastRecorded() => StepFiles.LastStep(artifacts);
}
