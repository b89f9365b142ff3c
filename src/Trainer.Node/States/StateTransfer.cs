using System.Net.Sockets;
using System.Runtime.InteropServices;
using Trainer.Kernels.Training;
using Trainer.Node.Links;
using Trainer.Protos.Cluster;

namespace Trainer.Node.States;

/// <summary>A state on its way from one holder to one joiner, over a connection of its own: a header, then all chunks in order.</summary>
internal static class StateTransfer
{
    /// <summary>How long a frame may let wait: a holder may learn of the generation later than the joiner, and then sends without a pause.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>The holder's side: sends all of a state, and closes the connection.</summary>
    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="SocketException">Likewise.</exception>
    public static void Send(LinkConnection connection, in FrameHeader hello, StateReader state)
    {
        using (connection)
        using (state)
        {
            var header = hello with { Kind = FrameKind.StateHead, Item = state.Step, StateHash = state.Hash };
            connection.Write(header, state.Header.Span);
            var chunk = new float[StateReader.MaxElements];
            for (var index = 0; index < state.Chunks; index++)
            {
                var elements = chunk.AsSpan(0, state.ElementsOf(index));
                state.Read(index, elements);
                connection.Write(header with { Kind = FrameKind.StateChunk, Chunk = (uint)index }, MemoryMarshal.AsBytes(elements));
            }
        }
    }

    /// <summary>The joiner's side: asks a holder for a state and makes it the current one.</summary>
    /// <param name="hello">Of the own link: job, generation and rank.</param>
    /// <param name="wanted">The agreed state.</param>
    /// <exception cref="IOException">The holder cannot be reached, does not have the state, or the connection broke.</exception>
    /// <exception cref="SocketException">Likewise.</exception>
    /// <exception cref="CorruptStateException">What came is not the agreed state.</exception>
    /// <exception cref="OperationCanceledException">It was interrupted.</exception>
    public static void Receive(
        Member holder, LinkRoutes routes, FrameHeader hello, Hello secret, HeldState wanted, StatePair into, CancellationToken interruption)
    {
        using var connection = Connect(holder, routes, interruption);
        using var stop = interruption.Register(connection.Dispose);
        try
        {
            connection.ReadTimeout = Patience;
            connection.Write(hello with { Kind = FrameKind.StateWanted, Item = wanted.Item, StateHash = wanted.Hash }, secret.ToBytes());
            Receive(connection, wanted, into);
        }
        catch (Exception e) when (interruption.IsCancellationRequested && e is IOException or SocketException or ObjectDisposedException)
        {
            throw new OperationCanceledException("The generation is over.", e, interruption);
        }
    }

    private static void Receive(LinkConnection connection, HeldState wanted, StatePair into)
    {
        var (header, head) = ReadFrame(connection, FrameKind.StateHead);
        if (header.Item != wanted.Item)
        {
            throw new IOException($"the holder sent the state after item {header.Item}; wanted was that after item {wanted.Item}");
        }

        var writer = into.CopyIn(head);
        var chunk = new float[StateReader.MaxElements];
        for (var index = 0; index < writer.Chunks; index++)
        {
            var elements = chunk.AsSpan(0, writer.ElementsOf(index));
            ReadFrame(connection, FrameKind.StateChunk, MemoryMarshal.AsBytes(elements));
            writer.Write(index, elements);
        }

        writer.Complete(wanted.Hash);
    }

    private static LinkConnection Connect(Member holder, LinkRoutes routes, CancellationToken interruption)
    {
        Exception? last = null;
        foreach (var way in routes.To(holder))
        {
            try
            {
                interruption.ThrowIfCancellationRequested();
                return way.Connect(_ => { }, LinkDialer.OpensWithin);
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
            {
                last = e;
            }
        }

        throw new IOException($"{holder.Worker} cannot be reached: {last?.Message ?? "it has no endpoint that can be reached from here"}", last);
    }

    private static (FrameHeader Header, byte[] Payload) ReadFrame(LinkConnection connection, FrameKind kind)
    {
        var header = Expect(connection, kind);
        var payload = new byte[header.PayloadLength];
        connection.ReadPayload(payload);
        return (header, payload);
    }

    private static void ReadFrame(LinkConnection connection, FrameKind kind, Span<byte> payload)
    {
        var header = Expect(connection, kind);
        if (header.PayloadLength != payload.Length)
        {
            throw new IOException($"chunk {header.Chunk} of the state has {header.PayloadLength} bytes; expected were {payload.Length}");
        }

        connection.ReadPayload(payload);
    }

    private static FrameHeader Expect(LinkConnection connection, FrameKind kind)
    {
        var header = connection.ReadHeader() ?? throw new IOException("the holder closed the connection before all of the state was sent");
        if (header.Kind == FrameKind.Refusal)
        {
            var reason = new byte[header.PayloadLength];
            connection.ReadPayload(reason);
            throw new LinkRefusedException(System.Text.Encoding.UTF8.GetString(reason));
        }

        return header.Kind == kind ? header : throw new IOException($"the holder sent a {header.Kind}; expected was a {kind}");
    }
}
