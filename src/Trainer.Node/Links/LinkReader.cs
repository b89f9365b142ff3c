using System.Net.Sockets;
using System.Runtime.InteropServices;
using Akka.Actor;

namespace Trainer.Node.Links;

/// <summary>A contribution, a total or a part of a group from a peer. Whoever receives it releases the lease.</summary>
public sealed record FrameArrived(FrameHeader Header, Lease Payload) : INoSerializationVerificationNeeded;

/// <summary>A total from a peer is where it belongs.</summary>
/// <param name="Hash">Of what is there.</param>
public sealed record TotalPlaced(FrameHeader Header, ulong Hash) : INoSerializationVerificationNeeded;

/// <summary>Where totals belong: a reader puts them there. Asked by the threads of all links.</summary>
public interface ITotalPlaces
{
    /// <summary>False: the frame has no place of its own, or nobody is to write there; it goes into a lease.</summary>
    bool TryClaim(in FrameHeader header, out Memory<float> place);

    /// <summary>The payload is where it was to be; returns the hash of what is there.</summary>
    ulong Filled(in FrameHeader header);
}

/// <summary>The reading half of a <see cref="PeerLink"/>: frames from the socket into their places or into leases, on a thread of its own.</summary>
internal sealed class LinkReader(LinkIdentity identity, LinkConnection connection, LeasePool pool, ITotalPlaces places, IActorRef allReduce, IActorRef link)
{
    public void Run()
    {
        try
        {
            while (connection.ReadHeader() is { } header)
            {
                Check(header);
                Take(header);
            }

            link.Tell(new PeerLink.ReaderEnded("the peer closed the link"));
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            link.Tell(new PeerLink.ReaderEnded(e.Message, IsCorrupt: e is FrameException));
        }
    }

    private void Check(in FrameHeader header)
    {
        var start = connection.BytesReceived - FrameHeader.Bytes;
        if (header.Job != identity.Job)
        {
            throw new FrameException("job", start + 8, $"0x{header.Job:X}", $"0x{identity.Job:X}");
        }

        if (header.Generation > identity.Generation)
        {
            throw new FrameException("generation", start + 16, $"{header.Generation}", $"at most the link's, {identity.Generation}");
        }

        if (header.Rank != identity.PeerRank)
        {
            throw new FrameException("rank", start + 40, $"{header.Rank}", $"{identity.PeerRank}");
        }
    }

    private void Take(in FrameHeader header)
    {
        if (header.Kind == FrameKind.Credit)
        {
            link.Tell(new PeerLink.CreditArrived((long)header.Item));
            return;
        }

        var isCurrent = header.Generation == identity.Generation;
        if (isCurrent && header.Kind == FrameKind.Total && places.TryClaim(header, out var place))
        {
            connection.ReadPayload(MemoryMarshal.AsBytes(place.Span));
            allReduce.Tell(new TotalPlaced(header, places.Filled(header)));
            return;
        }

        var lease = pool.Rent(header.PayloadLength);
        connection.ReadPayload(lease.Bytes[..header.PayloadLength]);
        if (isCurrent && header.Kind is FrameKind.Contribution or FrameKind.Total or FrameKind.GroupPart or FrameKind.Applied or FrameKind.Committed)
        {
            allReduce.Tell(new FrameArrived(header, lease));
        }
        else
        {
            lease.Release(); // A lower generation is over: its frames are read and dropped.
        }
    }
}
