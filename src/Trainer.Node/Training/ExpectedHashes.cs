using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Hashes;
using Trainer.Node.States;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Training;

/// <summary>A step that is verified came to another state than the one on record.</summary>
internal sealed class OtherHashException(string message) : Exception(message);

/// <summary>The data is not that of the job that is verified.</summary>
internal sealed class OtherDataException(string message) : Exception(message);

/// <summary>Hashes that were on record when the verification was asked for are there no more.</summary>
internal sealed class RecordLostException(string message) : Exception(message);

/// <summary>What the steps of a job that verifies another one must come to. Every member checks each of them: whoever is lost, what was committed has been compared.</summary>
internal sealed class ExpectedHashes
{
    private readonly IReadOnlyDictionary<ulong, RecordedHash> _recorded;
    private StepHash? _equal;

    private ExpectedHashes(IReadOnlyDictionary<ulong, RecordedHash> recorded) => _recorded = recorded;

    /// <exception cref="IOException">The record cannot be read.</exception>
    /// <exception cref="RecordLostException">Part of it is gone.</exception>
    /// <exception cref="OtherDataException">It was made from other data.</exception>
    public static ExpectedHashes Read(Expectation expectation, TrainingJob training, ArtifactStores stores)
    {
        var artifacts = stores.Open(expectation.Artifacts);
        var recorded = StepHashFiles.Read(artifacts);
        var there = (ulong)recorded.Keys.Count(item => item >= expectation.FirstItem && item <= expectation.LastItem);
        if (there < expectation.Recorded)
        {
            throw new RecordLostException(
                $"{expectation.Recorded} hashes of items {expectation.FirstItem} to {expectation.LastItem} were on record when this was asked for, here {StepHashFiles.In(artifacts)} has {there}");
        }

        if (recorded.Values.FirstOrDefault(hash => hash.Origin.Data != training.Data.Fingerprint) is { Origin: { } origin })
        {
            throw new OtherDataException($"the fingerprint of images and labels is {training.Data.Fingerprint}, on record is {origin.Data} (generation {origin.Term}.{origin.Number})");
        }

        return new ExpectedHashes(recorded);
    }

    /// <param name="state">Committed.</param>
    /// <exception cref="OtherHashException">It is not as recorded.</exception>
    public void Check(HeldState state)
    {
        if (!_recorded.TryGetValue(state.Item, out var expected))
        {
            return;
        }

        if (expected.Hash.Hash != state.Hash)
        {
            var before = _equal is { } equal ? $"the last one that is equal is item {equal.Item} (step {equal.Step})" : "none before it was compared";
            throw new OtherHashException(
                $"the first difference is item {state.Item} (step {state.Step}): hash {state.Hash:x16}, on record {expected.Hash.Hash:x16} by generation {expected.Origin.Term}.{expected.Origin.Number}; {before}");
        }

        _equal = expected.Hash;
    }
}
