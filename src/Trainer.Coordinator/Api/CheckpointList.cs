using System.Globalization;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Artifacts;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>The checkpoints of a job, as their manifests tell: whoever wrote one may have died before it told the job.</summary>
internal static class CheckpointList
{
    private const string Best = "best";
    private const string Last = "last";

    /// <summary>By item. One whose manifest cannot be understood, or whose state is not as long as it says, is left out: nothing can be begun with it.</summary>
    /// <exception cref="IOException">The store.</exception>
    public static IReadOnlyList<CheckpointSummary> Read(IArtifactStore artifacts, JobRow row)
    {
        var files = artifacts.List(CheckpointManifest.Folder).ToDictionary(file => file.Key, file => file.Bytes, StringComparer.Ordinal);
        var pins = files.Keys.Select(CheckpointPins.Of).OfType<(string Checkpoint, string Holder)>().ToLookup(pin => pin.Checkpoint, pin => pin.Holder, StringComparer.Ordinal);
        var checkpoints = files.Keys.Select(CheckpointManifest.IdOf).OfType<string>().Distinct(StringComparer.Ordinal)
            .Select(id => ManifestOf(artifacts, id) is { } manifest && files.GetValueOrDefault(CheckpointManifest.KeyOf(id, CheckpointManifest.StateFile), -1) == manifest.Bytes
                ? Summarise(id, manifest, row, pins[id]) : null)
            .OfType<CheckpointSummary>().OrderBy(checkpoint => checkpoint.Item).ToList();
        MarkBest(checkpoints, new BestMetric(row.Spec.Cluster?.Checkpoint?.Best ?? ""));
        return checkpoints;
    }

    /// <summary>The one that is meant by best, last, or the number of a step.</summary>
    /// <param name="there">By item.</param>
    /// <param name="problem">Why there is none.</param>
    public static CheckpointSummary? Find(IReadOnlyList<CheckpointSummary> there, string which, out string problem)
    {
        var found = which switch
        {
            Best => there.FirstOrDefault(checkpoint => checkpoint.Best),
            Last => there.LastOrDefault(),
            _ => there.LastOrDefault(checkpoint => checkpoint.Step.ToString(CultureInfo.InvariantCulture) == which),
        };
        problem = found is not null ? ""
            : there.Count == 0 ? "it has no checkpoint"
            : which == Best ? "none of its checkpoints is that of the end of an epoch, so none is the best"
            : $"it has no checkpoint of step {which}; it has those of steps {string.Join(", ", there.Select(checkpoint => checkpoint.Step).Distinct())}";
        return found;
    }

    private static void MarkBest(IEnumerable<CheckpointSummary> checkpoints, BestMetric metric)
    {
        CheckpointSummary? best = null;
        foreach (var checkpoint in checkpoints)
        {
            best = ValueOf(checkpoint, metric) is { } value && metric.IsBetter(value, best is null ? double.NaN : ValueOf(best, metric)!.Value) ? checkpoint : best;
        }

        if (best is not null)
        {
            best.Best = true;
        }
    }

    private static double? ValueOf(CheckpointSummary checkpoint, BestMetric metric) => metric.Of(
        checkpoint.HasTestAccuracy ? checkpoint.TestAccuracy : null, checkpoint.HasTestLoss ? checkpoint.TestLoss : null, checkpoint.HasTrainLoss ? checkpoint.TrainLoss : null);

    private static CheckpointManifest? ManifestOf(IArtifactStore artifacts, string id)
    {
        try
        {
            return artifacts.Get(CheckpointManifest.KeyOf(id, CheckpointManifest.ManifestFile)) is { } json && CheckpointManifest.Read(json) is { Format: CheckpointManifest.KnownFormat } manifest
                ? manifest
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static CheckpointSummary Summarise(string id, CheckpointManifest manifest, JobRow row, IEnumerable<string> pinnedBy)
    {
        var summary = new CheckpointSummary
        {
            Id = id,
            Step = manifest.Step ?? row.Checkpoints.Find(known => known.Id == id)?.State.Step ?? 0,
            Item = manifest.Item,
            Hash = manifest.Hash,
            Epochs = manifest.Epochs ?? 0,
            Bytes = (ulong)manifest.Bytes,
            Sha256 = manifest.Sha256,
            CreateTime = manifest.Time?.ToTimestamp(),
            Input = { manifest.Input?.Select(size => (uint)size) ?? [] },
            Classes = (uint)(manifest.Classes ?? 0),
            PinnedBy = { pinnedBy },
        };
        if (manifest is { TestLoss: { } loss, TestAccuracy: { } accuracy })
        {
            (summary.TestLoss, summary.TestAccuracy) = (loss, accuracy);
        }

        if (manifest.TrainLoss is { } trained)
        {
            summary.TrainLoss = trained;
        }

        return summary;
    }
}
