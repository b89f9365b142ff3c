using System.Security.Cryptography;
using System.Threading.Channels;
using Google.Protobuf;
using Trainer.Hosting.Artifacts;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>
/// Reads files for downloads, each on a thread of its own: a store that hangs holds up whoever reads from it, and nobody else. At most <see cref="MostAtOnce"/> are read at a time.
/// </summary>
public sealed class ArtifactReader
{
    private const int MostAtOnce = 16;
    private const int ChunkBytes = 256 << 10;
    private const int ChunksAhead = 4;

    private int _reading;

    /// <summary>So many files.</summary>
    internal int Reading => Volatile.Read(ref _reading);

    /// <param name="offset">Of the first byte that is wanted. Bytes before it are read too, for the sum.</param>
    /// <exception cref="Grpc.Core.RpcException">NOT_FOUND: there is no such file. OUT_OF_RANGE: it ends before the offset. RESOURCE_EXHAUSTED: too many are read. UNAVAILABLE: the store.</exception>
    public async IAsyncEnumerable<ArtifactChunk> ReadAsync(IArtifactStore store, string name, ulong offset, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        var chunks = Channel.CreateBounded<ArtifactChunk>(ChunksAhead);
        using var left = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var gone = left.Token; // The thread may outlive the source.
        Begin(() => Read(store, name, offset, chunk => chunks.Writer.WriteAsync(chunk, gone).AsTask().GetAwaiter().GetResult(), gone), chunks.Writer);
        try
        {
            await foreach (var chunk in chunks.Reader.ReadAllAsync(stop))
            {
                yield return chunk;
            }
        }
        finally
        {
            await left.CancelAsync();
        }
    }

    private void Begin(Action read, ChannelWriter<ArtifactChunk> chunks)
    {
        if (Interlocked.Increment(ref _reading) > MostAtOnce)
        {
            Interlocked.Decrement(ref _reading);
            throw ApiErrors.TooManyDownloads($"{MostAtOnce} files are being downloaded. Try again.");
        }

        new Thread(() =>
        {
            Exception? fault = null;
            try
            {
                read();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                fault = ApiErrors.Unavailable($"The file cannot be read: {e.Message}");
            }
            catch (Exception e) // Whatever it is, it is this download's alone.
            {
                fault = e;
            }
            finally
            {
                Interlocked.Decrement(ref _reading);
                chunks.TryComplete(fault);
            }
        })
        { IsBackground = true, Name = "download" }.Start();
    }

    private static void Read(IArtifactStore store, string name, ulong offset, Action<ArtifactChunk> give, CancellationToken gone)
    {
        using var file = store.Open(name) ?? throw ApiErrors.ArtifactNotFound(name);
        var length = (ulong)file.File.Bytes;
        if (offset > length)
        {
            throw ApiErrors.BeyondTheEnd($"{name} has {length} bytes, the offset is {offset}.");
        }

        give(new ArtifactChunk { Bytes = length });
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[ChunkBytes];
        var position = 0UL;
        for (int read; (read = file.Stream.Read(buffer)) > 0; position += (ulong)read)
        {
            gone.ThrowIfCancellationRequested();
            sum.AppendData(buffer, 0, read);
            if (position + (ulong)read > offset)
            {
                var skipped = (int)(Math.Max(offset, position) - position);
                give(new ArtifactChunk { Data = ByteString.CopyFrom(buffer, skipped, read - skipped) });
            }
        }

        give(new ArtifactChunk { Sha256 = Convert.ToHexStringLower(sum.GetHashAndReset()) });
    }
}
