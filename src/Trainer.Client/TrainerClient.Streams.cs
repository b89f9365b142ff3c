using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Grpc.Core;
using Trainer.Protos;

namespace Trainer.Client;

/// <summary>What goes on for long: it outlives its connections.</summary>
public sealed partial class TrainerClient
{
    /// <summary>The job as it is, then whenever it has changed, until it has ended.</summary>
    public async IAsyncEnumerable<Job> WatchAsync(string id, [EnumeratorCancellation] CancellationToken stop = default)
    {
        Job? last = null;
        await foreach (var job in ReadAsync(options => Jobs.WatchJob(new WatchJobRequest { Id = id }, options), () => HasEnded(last), stop))
        {
            if (!job.Equals(last))
            {
                yield return last = job;
            }
        }
    }

    /// <summary>The job once it has ended.</summary>
    /// <returns>SUCCEEDED, FAILED or CANCELLED.</returns>
    public async Task<Job> WaitAsync(string id, CancellationToken stop = default)
    {
        var last = await GetAsync(id, stop);
        await foreach (var job in WatchAsync(id, stop))
        {
            last = job;
        }

        return last;
    }

    /// <summary>The job's log: transitions, and what its workers had to say; each entry once.</summary>
    /// <param name="follow">Goes on until the job has ended.</param>
    /// <param name="after">The sequence of the last entry that the caller has.</param>
    public async IAsyncEnumerable<LogEntry> LogsAsync(string id, bool follow = false, long after = 0, [EnumeratorCancellation] CancellationToken stop = default)
    {
        await foreach (var entry in ReadAsync(options => Jobs.StreamLogs(new StreamLogsRequest { Id = id, Follow = follow, AfterSequence = after }, options), () => true, stop))
        {
            after = entry.Sequence;
            yield return entry;
        }
    }

    /// <summary>What each committed step came to; each once.</summary>
    /// <param name="follow">Goes on until the job has ended.</param>
    /// <param name="after">The last step that the caller has.</param>
    public async IAsyncEnumerable<StepMetrics> MetricsAsync(string id, bool follow = false, ulong after = 0, [EnumeratorCancellation] CancellationToken stop = default)
    {
        await foreach (var step in ReadAsync(options => Jobs.StreamMetrics(new StreamMetricsRequest { Id = id, AfterStep = after, Follow = follow }, options), () => true, stop))
        {
            after = step.Step;
            yield return step;
        }
    }

    /// <summary>Fetches a file of the job. It appears whole, with the sum that the cluster says, or not at all; what is there is replaced.</summary>
    /// <param name="name">model.safetensors, optimizer.safetensors, metrics.jsonl; or a checkpoint's, as DownloadArtifact has them.</param>
    /// <returns>Its SHA-256.</returns>
    /// <exception cref="TrainerException">There is none, or what came is not what was sent.</exception>
    public async Task<string> DownloadAsync(string id, string name, string to, CancellationToken stop = default)
    {
        var part = $"{to}.{Guid.NewGuid():n}.part";
        try
        {
            var (sent, got) = await ReceiveAsync(id, name, part, stop);
            if (sent != got)
            {
                throw new TrainerException($"{name} of job {id} came with SHA-256 {got}; the cluster says {sent}.");
            }

            File.Move(part, to, overwrite: true);
            return got;
        }
        finally
        {
            File.Delete(part);
        }
    }

    private async Task<(string Sent, string Got)> ReceiveAsync(string id, string name, string part, CancellationToken stop)
    {
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = new FileStream(part, FileMode.CreateNew, FileAccess.Write);
        var sent = "";
        await foreach (var chunk in ReadAsync(options => Jobs.DownloadArtifact(new DownloadArtifactRequest { Id = id, Name = name, Offset = (ulong)file.Position }, options), () => sent.Length > 0, stop))
        {
            sum.AppendData(chunk.Data.Span);
            await file.WriteAsync(chunk.Data.Memory, stop);
            sent = chunk.Sha256;
        }

        return (sent, Convert.ToHexStringLower(sum.GetHashAndReset()));
    }

    /// <param name="open">Knows how far the reader has come.</param>
    /// <param name="isComplete">Whether a stream that ends in good order has said all.</param>
    private async IAsyncEnumerable<T> ReadAsync<T>(Func<CallOptions, AsyncServerStreamingCall<T>> open, Func<bool> isComplete, [EnumeratorCancellation] CancellationToken stop)
        where T : class
    {
        var outage = new Outage(_options);
        while (true)
        {
            using var call = open(new CallOptions(cancellationToken: stop));
            RpcException? loss;
            while (true)
            {
                (var message, loss) = await NextAsync(call.ResponseStream, stop);
                if (message is null)
                {
                    break;
                }

                outage.End();
                yield return message;
            }

            if (loss is null && isComplete())
            {
                yield break;
            }

            await outage.PassAsync(loss ?? new RpcException(new Status(StatusCode.Unavailable, "The coordinator closed the stream.")), stop);
        }
    }

    private static async Task<(T? Message, RpcException? Loss)> NextAsync<T>(IAsyncStreamReader<T> stream, CancellationToken stop)
        where T : class
    {
        try
        {
            return (await stream.MoveNext(stop) ? stream.Current : null, null);
        }
        catch (RpcException failed)
        {
            return (null, failed);
        }
    }

    private static bool HasEnded(Job? job) => job?.State is JobState.Succeeded or JobState.Failed or JobState.Cancelled;
}
