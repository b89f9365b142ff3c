using Trainer.Hosting.Artifacts;

namespace Trainer.Hosting.Hashes;

/// <summary>Appends the hashes of one generation to its files.</summary>
/// <param name="artifacts">The job's.</param>
public sealed class StepHashWriter(IArtifactStore artifacts, HashOrigin origin) : IRecordLog<StepHash>
{
    private readonly RollingLog _log = new(artifacts, part => StepHashFiles.KeyOf(origin, part), HashLines.Head(origin));

    public TimeSpan AppendInterval => artifacts.AppendInterval;

    public void Append(IReadOnlyCollection<StepHash> records) => _log.Append([.. records.Select(hash => HashLines.Of(origin, hash))]);

    public ulong LastRecorded() => StepHashFiles.LastItem(artifacts);
}
