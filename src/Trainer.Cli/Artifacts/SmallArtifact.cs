using Grpc.Core;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Protos;

namespace Trainer.Cli.Artifacts;

/// <summary>Small files of a job, in memory.</summary>
internal static class SmallArtifact
{
    /// <exception cref="CliException">There is no such job or file, or nobody answers.</exception>
    public static async Task<byte[]> ReadAsync(ClusterClient client, string job, string name, CancellationToken stop)
    {
        try
        {
            using var content = new MemoryStream();
            using var chunks = client.Jobs.DownloadArtifact(new DownloadArtifactRequest { Id = job, Name = name }, cancellationToken: stop);
            await foreach (var chunk in chunks.ResponseStream.ReadAllAsync(stop))
            {
                content.Write(chunk.Data.Span);
            }

            return content.ToArray();
        }
        catch (RpcException broken)
        {
            throw ApiErrors.Translate(broken, client);
        }
    }
}
