using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
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
    private const int Format = 1;
    private const string StateFile = "state.bin";
    private const string ManifestFile = "manifest.json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>Writes a state; the checkpoint does not exist before <see cref="PendingCheckpoint.Commit"/>.</summary>
    /// <param name="to">Its location; the last name there is its id.</param>
    /// <param name="state">Is read to its end and disposed.</param>
    public static PendingCheckpoint Write(IArtifactStore to, string job, StateReader state)
    {
        using (state)
        using (var file = to.Create(StateFile))
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
            return new PendingCheckpoint(to, new Manifest(Format, job, state.Step, state.Hash.ToString("x16", CultureInfo.InvariantCulture), file.Length, sum));
        }
    }

    /// <summary>Deletes a checkpoint: first it ceases to exist, then its state goes.</summary>
    public static void Delete(IArtifactStore at)
    {
        at.Delete(ManifestFile);
        at.Delete("");
    }

    /// <summary>Makes the state of a checkpoint the current one.</summary>
    /// <exception cref="DataFileException">It is not there, not whole, or not the state that is wanted.</exception>
    public static void Restore(IArtifactStore from, HeldState wanted, StatePair into)
    {
        var manifest = ReadManifest(from);
        var place = from.LocationOf(StateFile);
        if (manifest.Item != wanted.Item || manifest.Hash != wanted.Hash.ToString("x16", CultureInfo.InvariantCulture))
        {
            throw new DataFileException(from.Location, $"is the checkpoint of item {manifest.Item}, hash {manifest.Hash}; wanted is item {wanted.Item}, hash {wanted.Hash:x16}");
        }

        try
        {
            using var file = from.Open(StateFile) ?? throw new DataFileException(place, "is not there");
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

    private static void Read(ArtifactContent file, HeldState wanted, StatePair into)
    {
        var length = new byte[sizeof(ulong)];
        file.Stream.ReadExactly(length);
        var header = new byte[(int)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(length), (ulong)file.File.Bytes)];
        file.Stream.ReadExactly(header);
        var writer = into.CopyIn(header);
        var chunk = new float[StateReader.MaxElements];
        for (var index = 0; index < writer.Chunks; index++)
        {
            var elements = chunk.AsSpan(0, writer.ElementsOf(index));
            file.Stream.ReadExactly(MemoryMarshal.AsBytes(elements));
            writer.Write(index, elements);
        }

        writer.Complete(wanted.Hash);
    }

    private static Manifest ReadManifest(IArtifactStore from)
    {
        var path = from.LocationOf(ManifestFile);
        try
        {
            var manifest = JsonSerializer.Deserialize<Manifest>(from.Get(ManifestFile) ?? throw new DataFileException(path, "is not there"), Json)!;
            return manifest.Format == Format
                ? manifest
                : throw new DataFileException(path, $"has format {manifest.Format}; this release reads format {Format}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new DataFileException(path, e.Message);
        }
    }

    /// <param name="Hash">Of the state, in hexadecimal.</param>
    /// <param name="Bytes">Of state.bin.</param>
    /// <param name="Sha256">Likewise.</param>
    internal sealed record Manifest(int Format, string Job, ulong Item, string Hash, long Bytes, [property: JsonPropertyName("sha256")] string Sha256);

    /// <summary>A checkpoint that lacks its manifest.</summary>
    public sealed class PendingCheckpoint
    {
        private readonly IArtifactStore _to;
        private readonly Manifest _manifest;

        internal PendingCheckpoint(IArtifactStore to, Manifest manifest) => (_to, _manifest) = (to, manifest);

        /// <summary>The state is committed: from here on the checkpoint exists.</summary>
        public Checkpoint Commit()
        {
            _to.Put(ManifestFile, JsonSerializer.SerializeToUtf8Bytes(_manifest, Json));
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
