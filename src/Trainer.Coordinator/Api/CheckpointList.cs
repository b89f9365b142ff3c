using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Artifacts;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>The checkpoints of a job, as their manifests tell: whoever wrote one may have died before it told the job.</summary>
internal static class CheckpointList
{
    /// <summary>By item. One whose manifest cannot be understood, or whose state is not as long as it says, is left out: nothing can be begun with it.</summary>
    /// <exception cref="IOException">The store.</exception>
    public static IReadOnlyList<CheckpointSummary> Read(IArtifactStore artifacts, JobRow row)
    {
        var files = artifacts.List(CheckpointManifest.Folder).ToDictionary(file => file.Key, file => file.Bytes, StringComparer.Ordinal);
        var checkpoints = files.Keys.Select(CheckpointManifest.IdOf).OfType<string>().Distinct(StringComparer.Ordinal)
            .Select(id => ManifestOf(artifacts, id) is { } manifest && files.GetValueOrDefault(CheckpointManifest.KeyOf(id, CheckpointManifest.StateFile), -1) == manifest.Bytes ? Summarise(id, manifest, row) : null)
            .OfType<CheckpointSummary>().OrderBy(checkpoint => checkpoint.Item).ToList();
        if (checkpoints.Where(checkpoint => checkpoint.HasTestAccuracy && !double.IsNaN(checkpoint.TestAccuracy)).MaxBy(checkpoint => checkpoint.TestAccuracy) is { } best)
        {
            best.Best = true;
        }

        return checkpoints;
    }

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

    private static CheckpointSummary Summarise(string id, CheckpointManifest manifest, JobRow row)
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
        };
        if (manifest is { TestLoss: { } loss, TestAccuracy: { } accuracy })
        {
            (summary.TestLoss, summary.TestAccuracy) = (loss, accuracy);
        }

        return summary;
    }
}
