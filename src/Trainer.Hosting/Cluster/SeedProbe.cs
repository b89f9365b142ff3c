using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Akka.Actor;
using Trainer.Hosting.Certificates;

namespace Trainer.Hosting.Cluster;

/// <summary>Says in words why a cluster could not be joined.</summary>
internal static class SeedProbe
{
    private const string NotAccepted = "does not accept this process's certificate";

    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(2);

    /// <summary>A refusal follows the handshake at once.</summary>
    private static readonly TimeSpan HearWithin = TimeSpan.FromSeconds(1);

    /// <summary>host:port (connection refused), host:port (name or service not known), ...</summary>
    public static async Task<string> DescribeAsync(IReadOnlyList<string> seeds, ProcessCertificates? certificates, CancellationToken stop) =>
        string.Join(", ", await Task.WhenAll(seeds.Select(seed => DescribeAsync(SeedAddress.Parse(seed), certificates, stop))));

    private static async Task<string> DescribeAsync(Address seed, ProcessCertificates? certificates, CancellationToken stop) =>
        $"{seed.Host}:{seed.Port} ({await AnswerAsync(seed, certificates, stop)})";

    private static async Task<string> AnswerAsync(Address seed, ProcessCertificates? certificates, CancellationToken stop)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(ConnectWithin);
        try
        {
            await socket.ConnectAsync(seed.Host.Trim('[', ']'), seed.Port!.Value, limit.Token);
            return (certificates is null ? null : await RefusalAsync(socket, certificates, limit.Token)) ?? "answers, but lets nobody join";
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

    /// <summary>Who is not let in is told so behind the handshake; who is let in hears nothing.</summary>
    private static async Task<string?> RefusalAsync(Socket socket, ProcessCertificates certificates, CancellationToken stop)
    {
        var refusal = "no TLS is spoken there; is it the cluster's port?";
        var isOpen = false;
        try
        {
            await using var tls = new SslStream(new NetworkStream(socket));
            await tls.AuthenticateAsClientAsync(certificates.ToMember([PeerRoles.Coordinator], reason => refusal = reason), stop);
            isOpen = true;
            using var hearing = CancellationTokenSource.CreateLinkedTokenSource(stop);
            hearing.CancelAfter(HearWithin);
            return await tls.ReadAsync(new byte[1], hearing.Token) == 0 ? NotAccepted : null;
        }
        catch (OperationCanceledException)
        {
            return isOpen ? null : "does not answer in TLS";
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            return isOpen ? NotAccepted : refusal;
        }
    }
}
