using System.Security.Cryptography;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Follow;
using Trainer.Protos;

namespace Trainer.Cli.Artifacts;

/// <summary>Fetches files of a job through its cluster's API, from wherever they are.</summary>
internal sealed class ArtifactDownload(ClusterAddress address)
{
    private const string PartSuffix = ".part";

    /// <summary>How long the coordinator may be away.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <exception cref="CliException">No such job, or no cluster.</exception>
    public async Task<IReadOnlyList<Artifact>> ListAsync(string job, CancellationToken stop)
    {
        using var client = await ClusterClient.OpenAsync(address, stop);
        return (await client.CallAsync((cluster, options) => cluster.Jobs.ListArtifactsAsync(new ListArtifactsRequest { Id = job }, options), stop)).Artifacts;
    }

    /// <summary>
    /// Fetches a file. What has come stays in FILE.JOB.part until all is there, so that a download that was broken off, by whatever, goes on where it was; the file appears whole and
    /// with the sum that the cluster says, or not at all.
    /// </summary>
    /// <returns>Its SHA-256.</returns>
    /// <exception cref="CliException">Refused, nobody answers, or what came is not what was sent.</exception>
    public async Task<string> FetchAsync(string job, Artifact artifact, string to, Action<string> tell, CancellationToken stop)
    {
        var part = $"{to}.{job}{PartSuffix}";
        if (File.Exists(part) && (ulong)new FileInfo(part).Length > artifact.Bytes)
        {
            File.Delete(part); // Of another file.
        }

        var sum = await ReceiveAsync(job, artifact.Name, part, tell, stop);
        var got = await SumAsync(part, stop);
        if (got != sum)
        {
            File.Delete(part);
            throw new CliException($"{artifact.Name} of job {job} came with SHA-256 {got}; the cluster says {sum}.", remedy: "What had come was deleted: try again.");
        }

        File.Move(part, to, overwrite: true);
        return sum;
    }

    private async Task<string> ReceiveAsync(string job, string name, string part, Action<string> tell, CancellationToken stop)
    {
        await using var file = new FileStream(part, FileMode.Append, FileAccess.Write);
        var sum = "";
        var chunks = new ReconnectingStream<ArtifactChunk>(
            address,
            (client, options) => client.Jobs.DownloadArtifact(new DownloadArtifactRequest { Id = job, Name = name, Offset = (ulong)file.Position }, options),
            complete: () => sum.Length > 0,
            Patience);
        await foreach (var (chunk, notice) in chunks.ReadAsync(stop))
        {
            if (notice is not null)
            {
                tell(notice);
            }

            if (chunk is not null)
            {
                await file.WriteAsync(chunk.Data.Memory, stop);
                sum = chunk.Sha256;
            }
        }

        return sum;
    }

    private static async Task<string> SumAsync(string file, CancellationToken stop)
    {
        await using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, stop));
    }
}
