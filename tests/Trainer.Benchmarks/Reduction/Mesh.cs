using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Peers;
using Trainer.Node.Links;

namespace Trainer.Benchmarks.Reduction;

/// <summary>Links from a member's process to those of all others: it dials the lower ranks, and the higher ones dial it.</summary>
internal static class Mesh
{
    /// <summary>Says where it listens, and hears on its input where the others do.</summary>
    public static IReadOnlyList<LinkConnection?> Open(AllReduceOptions options, int rank)
    {
        var folder = Directory.CreateTempSubdirectory("trainer-allreduce-");
        try
        {
            var endpoint = options.Transport == AllReduceOptions.Unix ? LinkEndpoint.Unix(Path.Combine(folder.FullName, "link")) : LinkEndpoint.Tcp("127.0.0.1", 0);
            var certificates = options.Certificates is { } files
                ? ProcessCertificates.Load(CertificateFolder.FilesOf(files, PeerRoles.Node), PeerRoles.Node, NullLogger.Instance) : null;
            using var listening = endpoint.Listen();
            Console.WriteLine(AllReduceProcesses.Listens + (listening.LocalEndPoint is IPEndPoint ip ? endpoint with { Port = ip.Port } : endpoint));
            var endpoints = (Console.ReadLine() ?? throw new EndOfStreamException("nobody says where the others listen")).Split(' ');
            var links = new LinkConnection?[options.Workers];
            for (var lower = 0; lower < rank; lower++)
            {
                links[lower] = LinkEndpoint.Parse(endpoints[lower]).Connect(_ => { }, TimeSpan.FromSeconds(20), certificates);
                links[lower]!.Write(Hello(rank), default);
            }

            for (var higher = rank + 1; higher < options.Workers; higher++)
            {
                Take(listening.Accept(), certificates, links);
            }

            return links;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static FrameHeader Hello(int rank) => new() { Kind = FrameKind.Hello, Job = 1, Generation = new GenerationNumber(1, 1), Rank = rank };

    private static void Take(Socket accepted, ProcessCertificates? certificates, LinkConnection?[] links)
    {
        var connection = new LinkConnection(accepted, "accepted", certificates is null ? null : PeerStream.Accept(accepted, certificates, [PeerRoles.Node]));
        var header = connection.ReadHeader() ?? throw new EndOfStreamException("a peer closed its link before it said who it is");
        links[header.Rank] = connection;
    }
}
