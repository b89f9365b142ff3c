using System.Security.Cryptography;
using System.Threading.Channels;
using Google.Protobuf;
using Trainer.Hosting.Artifacts;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>
/// Reads files for downloads, each on a thread of its own: a store that hangs holds up whoever reads from it, and nobody else. At most <see cref="MostAtOnce"/> are read at a time;
/// who comes then waits for a place, and who takes nothing for a while loses his.
/// </summary>
/// <param name="idle">How long a client may take nothing.</param>
public sealed class ArtifactReader(TimeSpan idle) : IDisposable
{
    private const int MostAtOnce = 16;
    private const int MostWaiting = 256;
    private const int ChunkBytes = 256 << 10;
    private const int ChunksAhead = 4;

    private readonly SemaphoreSlim _places = new(MostAtOnce);
    private int _waiting;

    public ArtifactReader()
        : this(TimeSpan.FromSeconds(60))
    {
    }

    /// <summary>So many files.</summary>
    internal int Reading => MostAtOnce - _places.CurrentCount;

    public void Dispose() => _places.Dispose();

    /// <param name="offset">Of the first byte that is wanted. Bytes before it are read too, for the sum.</param>
    /// <exception cref="Grpc.Core.RpcException">NOT_FOUND: there is no such file. OUT_OF_RANGE: it ends before the offset. RESOURCE_EXHAUSTED: too many wait. UNAVAILABLE: the store, or the client took nothing for too long.</exception>
    public async IAsyncEnumerable<ArtifactChunk> ReadAsync(IArtifactStore store, string name, ulong offset, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        var chunks = Channel.CreateBounded<ArtifactChunk>(ChunksAhead);
        using var left = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var gone = left.Token; // The thread may outlive the source.
        await TakePlaceAsync(stop);
        Begin(() => Read(store, name, offset, chunk => Give(chunks.Writer, chunk, gone), gone), chunks.Writer);
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

    private async Task TakePlaceAsync(CancellationToken stop)
    {
        try
        {
            if (Interlocked.Increment(ref _waiting) > MostWaiting)
            {
                throw ApiErrors.TooManyDownloads($"{MostAtOnce} files are being downloaded, and {MostWaiting} wait. Try again.");
            }

            await _places.WaitAsync(stop);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private void Give(ChannelWriter<ArtifactChunk> to, ArtifactChunk chunk, CancellationToken gone)
    {
        if (to.TryWrite(chunk))
        {
            return;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(gone);
        patience.CancelAfter(idle);
        try
        {
            to.WriteAsync(chunk, patience.Token).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (!gone.IsCancellationRequested)
        {
            throw ApiErrors.Unavailable($"Nothing of the file was taken for {idle.TotalSeconds:0} s, and others wait. Go on from the offset that you have.");
        }
    }

    private void Begin(Action read, ChannelWriter<ArtifactChunk> chunks)
    {
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
                _places.Release();
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
