using System.Net.Sockets;
using Akka.Actor;

namespace Trainer.Hosting.Cluster;

/// <summary>Says in words why a cluster could not be joined.</summary>
internal static class SeedProbe
{
    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(2);

    /// <summary>host:port (connection refused), host:port (name or service not known), ...</summary>
    public static async Task<string> DescribeAsync(IReadOnlyList<string> seeds, CancellationToken stop) =>
        string.Join(", ", await Task.WhenAll(seeds.Select(seed => DescribeAsync(SeedAddress.Parse(seed), stop))));

    private static async Task<string> DescribeAsync(Address seed, CancellationToken stop) => $"{seed.Host}:{seed.Port} ({await AnswerAsync(seed, stop)})";

    private static async Task<string> AnswerAsync(Address seed, CancellationToken stop)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(ConnectWithin);
        try
        {
            await socket.ConnectAsync(seed.Host.Trim('[', ']'), seed.Port!.Value, limit.Token);
            return "answers, but lets nobody join";
        }
        catch (SocketException refused)
        {
            return refused.Message.ToLowerInvariant();
        }
        catch (OperationCanceledException)
        {
            return "does not answer";
        }
    }
}
