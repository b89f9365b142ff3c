using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Trainer.Kernels.Data;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Training;
using Trainer.Protos.Cluster;

namespace Trainer.Node.States;

/// <summary>
/// A checkpoint: a folder with the state (<c>state.bin</c>) and a manifest (<c>manifest.json</c>), which is written last and alone makes the checkpoint exist.
/// </summary>
/// <remarks>
/// state.bin: the length of the header in bytes (8, little-endian), the header (<see cref="StateReader.Header"/>), then all chunks of float32, little-endian, in order.
/// </remarks>
public static class CheckpointFolder
{
    private const int Format = 1;
    private const string StateFile = "state.bin";
    private const string ManifestFile = "manifest.json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>Writes a state; the checkpoint does not exist before <see cref="PendingCheckpoint.Commit"/>.</summary>
    /// <param name="state">Is read to its end and disposed.</param>
    public static PendingCheckpoint Write(string folder, string job, StateReader state)
    {
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using (state)
        using (var file = new AtomicFile(Path.Combine(folder, StateFile)))
        using (var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256))
        {
            var length = new byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)state.Header.Length);
            Add(length);
            Add(state.Header.Span);
            var chunk = new float[StateReader.MaxElements];
            for (var index = 0; index < state.Chunks; index++)
            {
                var elements = chunk.AsSpan(0, state.ElementsOf(index));
                state.Read(index, elements);
                Add(MemoryMarshal.AsBytes(elements));
            }

            var bytes = file.Stream.Length;
            file.Commit();
            return new PendingCheckpoint(folder, new Manifest(
                Format, job, state.Step, state.Hash.ToString("x16", CultureInfo.InvariantCulture), bytes, Convert.ToHexStringLower(sum.GetHashAndReset())));

            void Add(ReadOnlySpan<byte> part)
            {
                file.Stream.Write(part);
                sum.AppendData(part);
            }
        }
    }

    /// <summary>Makes the state of a checkpoint the current one.</summary>
    /// <exception cref="DataFileException">It is not there, not whole, or not the state that is wanted.</exception>
    public static void Restore(string folder, HeldState wanted, StatePair into)
    {
        var manifest = ReadManifest(folder);
        var path = Path.Combine(folder, StateFile);
        if (manifest.Item != wanted.Item || manifest.Hash != wanted.Hash.ToString("x16", CultureInfo.InvariantCulture))
        {
            throw new DataFileException(folder, $"is the checkpoint of item {manifest.Item}, hash {manifest.Hash}; wanted is item {wanted.Item}, hash {wanted.Hash:x16}");
        }

        try
        {
            using var file = File.OpenRead(path);
            if (file.Length != manifest.Bytes)
            {
                throw new DataFileException(path, $"has {file.Length} bytes; the manifest says {manifest.Bytes}");
            }

            var length = new byte[sizeof(ulong)];
            file.ReadExactly(length);
            var header = new byte[(int)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(length), (ulong)file.Length)];
            file.ReadExactly(header);
            var writer = into.CopyIn(header);
            var chunk = new float[StateReader.MaxElements];
            for (var index = 0; index < writer.Chunks; index++)
            {
                var elements = chunk.AsSpan(0, writer.ElementsOf(index));
                file.ReadExactly(MemoryMarshal.AsBytes(elements));
                writer.Write(index, elements);
            }

            writer.Complete(wanted.Hash);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CorruptStateException)
        {
            throw new DataFileException(path, e.Message);
        }
    }

    private static Manifest ReadManifest(string folder)
    {
        var path = Path.Combine(folder, ManifestFile);
        try
        {
            var manifest = JsonSerializer.Deserialize<Manifest>(File.ReadAllBytes(path), Json)!;
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
        private readonly string _folder;
        private readonly Manifest _manifest;

        internal PendingCheckpoint(string folder, Manifest manifest) => (_folder, _manifest) = (folder, manifest);

        /// <summary>The state is committed: from here on the checkpoint exists.</summary>
        public Checkpoint Commit()
        {
            using var file = new AtomicFile(Path.Combine(_folder, ManifestFile));
            file.Stream.Write(JsonSerializer.SerializeToUtf8Bytes(_manifest, Json));
            file.Commit();
            return new Checkpoint
            {
                Id = Path.GetFileName(_folder),
                State = new StateId { Item = _manifest.Item, Hash = Convert.ToUInt64(_manifest.Hash, 16) },
                Folder = _folder,
                Bytes = (ulong)_manifest.Bytes,
                UnixMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
            };
        }
    }
}
