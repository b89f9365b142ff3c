using System.Net.Sockets;
using System.Runtime.InteropServices;
using Akka.Actor;
using Trainer.Kernels.Models;

namespace Trainer.Node.Links;

/// <summary>What both ends of a link know about it.</summary>
/// <param name="Job">Hash of the job's id.</param>
public sealed record LinkIdentity(ulong Job, GenerationNumber Generation, int OwnRank, int PeerRank);

/// <summary>A link to one peer: owns the socket, orders what goes out, and hands what comes in to the all-reduce.</summary>
/// <remarks>
/// The actor runs on a thread of its own (<see cref="LinkDispatcher"/>), which is the link's writer: a socket that is
/// full holds up this link and nothing else. A second thread reads. Totals and parts of batch norm groups go out at once; contributions go out in order while the
/// peer has consumed all but <see cref="CreditWindow"/> bytes of those before, so that a slow owner is not flooded.
/// <code>
///   AllReduce -- Send --> PeerLink (writer) ==socket==> reader thread -- FrameArrived --> peer's AllReduce
///                            ^---------- CreditArrived ------ Credit frame &lt;== PeerLink &lt;-- Consumed --'
/// </code>
/// </remarks>
public sealed class PeerLink : ReceiveActor
{
    /// <summary>Bytes of contributions that may be on their way or unread at the peer: two buckets of gradients. A frame may exceed it, but only alone.</summary>
    public const int CreditWindow = 2 * ParameterLayout.BucketElements * sizeof(float);

    private readonly LinkIdentity _identity;
    private readonly LinkConnection _connection;
    private readonly Queue<Send> _waiting = new();
    private readonly Thread _reader;
    private long _credit = CreditWindow;
    private long _consumed;
    private bool _closed;

    public PeerLink(LinkIdentity identity, LinkConnection connection, LeasePool pool, ITotalPlaces places, IActorRef allReduce)
    {
        (_identity, _connection) = (identity, connection);
        Receive<Send>(Accept);
        Receive<CreditArrived>(credit => Refill(credit.Bytes));
        Receive<Consumed>(consumed => ReturnCredit(consumed.Bytes));
        Receive<Break>(wish => Close(wish.Reason, isCorrupt: true));
        Receive<ReaderEnded>(ended => Close(ended.Reason, ended.IsCorrupt));
        var reader = new LinkReader(identity, connection, pool, places, allReduce, Self);
        _reader = new Thread(reader.Run) { IsBackground = true, Name = $"link-read-{identity.PeerRank}" };
    }

    /// <summary>To the link: a contribution (waits for credit) or anything else (does not). The payload's memory stays as it is until the step's totals are there.</summary>
    public sealed record Send(FrameHeader Header, ReadOnlyMemory<float> Payload) : INoSerializationVerificationNeeded;

    /// <summary>To the link: so many bytes of the peer's contributions are out of the way.</summary>
    public sealed record Consumed(int Bytes) : INoSerializationVerificationNeeded;

    /// <summary>To the link: what came over it cannot be used.</summary>
    public sealed record Break(string Reason) : INoSerializationVerificationNeeded;

    /// <summary>From the link to its parent, once: it is closed.</summary>
    /// <param name="IsCorrupt">What came over it is not what was sent.</param>
    public sealed record Closed(int Rank, string Reason, bool IsCorrupt = false) : INoSerializationVerificationNeeded;

    internal sealed record CreditArrived(long Bytes) : INoSerializationVerificationNeeded;

    internal sealed record ReaderEnded(string Reason, bool IsCorrupt = false) : INoSerializationVerificationNeeded;

    protected override void PreStart() => _reader.Start();

    /// <summary>Returns when the reader has ended: nobody touches a lease of this link's after that.</summary>
    protected override void PostStop()
    {
        _connection.Dispose();
        _reader.Join();
    }

    private void Accept(Send send)
    {
        if (send.Header.Kind != FrameKind.Contribution)
        {
            Write(send);
        }
        else
        {
            _waiting.Enqueue(send);
            WriteWaiting();
        }
    }

    private void Refill(long bytes)
    {
        _credit += bytes;
        WriteWaiting();
    }

    private void WriteWaiting()
    {
        while (_credit > 0 && _waiting.TryDequeue(out var send))
        {
            _credit -= send.Payload.Length * sizeof(float);
            Write(send);
        }
    }

    private void ReturnCredit(int bytes)
    {
        _consumed += bytes;
        if (_consumed >= CreditWindow / 4)
        {
            var header = new FrameHeader
            {
                Kind = FrameKind.Credit,
                Job = _identity.Job,
                Generation = _identity.Generation,
                Rank = _identity.OwnRank,
                Item = (ulong)_consumed,
            };
            _consumed = 0;
            Write(new Send(header, default));
        }
    }

    private void Write(Send send)
    {
        if (_closed)
        {
            return;
        }

        try
        {
            _connection.Write(send.Header, MemoryMarshal.AsBytes(send.Payload.Span));
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            Close(e.Message, isCorrupt: false);
        }
    }

    private void Close(string reason, bool isCorrupt)
    {
        if (!_closed)
        {
            _closed = true;
            _connection.Dispose();
            Context.Parent.Tell(new Closed(_identity.PeerRank, reason, isCorrupt));
        }
    }
}
