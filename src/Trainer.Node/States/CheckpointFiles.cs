using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Trainer.Hosting.Artifacts;
using Trainer.Kernels.Data;
using Trainer.Kernels.Training;
using Trainer.Protos.Cluster;

namespace Trainer.Node.States;

/// <summary>
/// A checkpoint: a location of its own with the state (<c>state.bin</c>) and a manifest (<c>manifest.json</c>), which is written last and alone makes the checkpoint exist.
/// </summary>
/// <remarks>
/// state.bin: the length of the header in bytes (8, little-endian), the header (<see cref="StateReader.Header"/>), then all chunks of float32, little-endian, in order.
/// </remarks>
public static class CheckpointFiles
{
    /// <summary>What a checkpoint of a state takes, but for its header.</summary>
    public static long BytesOf(TrainingState state) => sizeof(float) * ((long)state.Layout.Elements * (state.Chunks / state.Layout.Chunks));

    /// <summary>Writes a state; the checkpoint does not exist before <see cref="PendingCheckpoint.Commit"/>.</summary>
    /// <param name="to">Its location; the last name there is its id.</param>
    /// <param name="facts">Of the state.</param>
    /// <param name="state">Is read to its end and disposed.</param>
    public static PendingCheckpoint Write(IArtifactStore to, string job, CheckpointFacts facts, StateReader state)
    {
        using (state)
        using (var file = to.Create(CheckpointManifest.StateFile))
        {
            Span<byte> length = stackalloc byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)state.Header.Length);
            file.Write(length);
            file.Write(state.Header.Span);
            var chunk = new float[StateReader.MaxElements];
            for (var index = 0; index < state.Chunks; index++)
            {
                var elements = chunk.AsSpan(0, state.ElementsOf(index));
                state.Read(index, elements);
                file.Write(MemoryMarshal.AsBytes(elements));
            }

            var sum = file.Commit();
            return new PendingCheckpoint(to, facts.On(new CheckpointManifest(CheckpointManifest.KnownFormat, job, state.Step, state.Hash.ToString("x16", CultureInfo.InvariantCulture), file.Length, sum)));
        }
    }

    /// <summary>Makes the state of a checkpoint the current one.</summary>
    /// <exception cref="DataFileException">It is not there, not whole, or not the state that is wanted.</exception>
    public static void Restore(IArtifactStore from, HeldState wanted, StatePair into)
    {
        var manifest = ReadManifest(from);
        var place = from.LocationOf(CheckpointManifest.StateFile);
        if (manifest.Item != wanted.Item || manifest.Hash != wanted.Hash.ToString("x16", CultureInfo.InvariantCulture))
        {
            throw new DataFileException(from.Location, $"is the checkpoint of item {manifest.Item}, hash {manifest.Hash}; wanted is item {wanted.Item}, hash {wanted.Hash:x16}");
        }

        try
        {
            using var file = from.Open(CheckpointManifest.StateFile) ?? throw new DataFileException(place, "is not there");
            if (file.File.Bytes != manifest.Bytes)
            {
                throw new DataFileException(place, $"has {file.File.Bytes} bytes; the manifest says {manifest.Bytes}");
            }

            Read(file, wanted, into);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CorruptStateException)
        {
            throw new DataFileException(place, e.Message);
        }
    }

    /// <summary>Puts the weights of a job's checkpoint into a network: the one whose state has the hash, whichever bears it.</summary>
    /// <param name="job">Its location.</param>
    /// <exception cref="DataFileException">There is none, or it is not what its manifest says: the network is spoilt.</exception>
    /// <exception cref="IOException">The store.</exception>
    public static void TakeWeights(IArtifactStore job, string hash, Network network)
    {
        var files = job.List(CheckpointManifest.Folder).Select(file => CheckpointManifest.IdOf(file.Key)).OfType<string>().Distinct(StringComparer.Ordinal);
        var (key, manifest) = files.Select(id => (Key: CheckpointManifest.KeyOf(id, CheckpointManifest.StateFile), Manifest: ManifestOf(job, id))).FirstOrDefault(found => found.Manifest?.Hash == hash);
        if (manifest is null)
        {
            throw new DataFileException(job.LocationOf(CheckpointManifest.Folder), $"has no checkpoint whose state has the hash {hash}");
        }

        using var file = job.Open(key) ?? throw new DataFileException(job.LocationOf(key), "is not there");
        using var summed = new SummingStream(file.Stream);
        try
        {
            StateWeights.Take(network, ReadHeader(summed, file.File.Bytes), elements => summed.ReadExactly(MemoryMarshal.AsBytes(elements)));
        }
        catch (Exception e) when (e is CorruptStateException or EndOfStreamException)
        {
            throw new DataFileException(job.LocationOf(key), e.Message);
        }

        if (summed.SumOfAll() is var sum && sum != manifest.Sha256)
        {
            throw new DataFileException(job.LocationOf(key), $"has SHA-256 {sum}; its manifest says {manifest.Sha256}");
        }
    }

    private static CheckpointManifest? ManifestOf(IArtifactStore job, string id)
    {
        try
        {
            return job.Get(CheckpointManifest.KeyOf(id, CheckpointManifest.ManifestFile)) is { } json && CheckpointManifest.Read(json) is { Format: CheckpointManifest.KnownFormat } manifest ? manifest : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void Read(ArtifactContent file, HeldState wanted, StatePair into)
    {
        var writer = into.CopyIn(ReadHeader(file.Stream, file.File.Bytes));
        var chunk = new float[StateReader.MaxElements];
        for (var index = 0; index < writer.Chunks; index++)
        {
            var elements = chunk.AsSpan(0, writer.ElementsOf(index));
            file.Stream.ReadExactly(MemoryMarshal.AsBytes(elements));
            writer.Write(index, elements);
        }

        writer.Complete(wanted.Hash);
    }

    private static byte[] ReadHeader(Stream state, long bytes)
    {
        var length = new byte[sizeof(ulong)];
        state.ReadExactly(length);
        var header = new byte[(int)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(length), (ulong)bytes)];
        state.ReadExactly(header);
        return header;
    }

    /// <exception cref="DataFileException">It is not there, or is none that this release reads.</exception>
    public static CheckpointManifest ReadManifest(IArtifactStore from)
    {
        var path = from.LocationOf(CheckpointManifest.ManifestFile);
        try
        {
            var manifest = CheckpointManifest.Read(from.Get(CheckpointManifest.ManifestFile) ?? throw new DataFileException(path, "is not there"));
            return manifest.Format == CheckpointManifest.KnownFormat
                ? manifest
                : throw new DataFileException(path, $"has format {manifest.Format}; this release reads format {CheckpointManifest.KnownFormat}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new DataFileException(path, e.Message);
        }
    }

    /// <summary>A checkpoint that lacks its manifest.</summary>
    public sealed class PendingCheckpoint
    {
        private readonly IArtifactStore _to;
        private readonly CheckpointManifest _manifest;

        internal PendingCheckpoint(IArtifactStore to, CheckpointManifest manifest) => (_to, _manifest) = (to, manifest);

        /// <summary>The state is committed: from here on the checkpoint exists.</summary>
        public Checkpoint Commit()
        {
            _to.Put(CheckpointManifest.ManifestFile, (_manifest with { Time = DateTimeOffset.UtcNow }).ToJson());
            return new Checkpoint
            {
                Id = Path.GetFileName(_to.Location),
                State = new StateId { Item = _manifest.Item, Hash = Convert.ToUInt64(_manifest.Hash, 16) },
                Folder = _to.Location,
                Bytes = (ulong)_manifest.Bytes,
                UnixMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
            };
        }
    }
}
