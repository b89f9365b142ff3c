namespace Trainer.Node.Links;

/// <summary>One end of a connection between two workers of a process: the reader copies what the writer has, once, and nothing lies between.</summary>
/// <remarks>
/// A write returns when all of it has been read, so a writer may wait for its peer's reader as it would at a socket that is full. A link's reader waits for nobody, so two ends that
/// write at once never wait for each other.
/// </remarks>
internal sealed class MemoryWire : ILinkWire
{
    private readonly Lane _in;
    private readonly Lane _out;

    private MemoryWire(Lane incoming, Lane outgoing) => (_in, _out) = (incoming, outgoing);

    public TimeSpan ReadTimeout { set => _in.ReadTimeout = value; }

    /// <summary>Both ends.</summary>
    public static (MemoryWire Near, MemoryWire Far) Pair()
    {
        var (there, back) = (new Lane(), new Lane());
        return (new MemoryWire(back, there), new MemoryWire(there, back));
    }

    public void Write(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload) => _out.Write(header, payload);

    public int Read(Span<byte> into) => _in.Read(into);

    /// <summary>Closes both ends. Once it returns nobody reads a writer's memory any more.</summary>
    public void Dispose()
    {
        _in.Close();
        _out.Close();
    }

    /// <summary>One direction: what its writer offers and waits for.</summary>
    private sealed unsafe class Lane
    {
        private readonly object _gate = new(); // Monitor's: one waits for the other.
        private Piece _offered;
        private Piece _behind;
        private bool _isClosed;

        public TimeSpan ReadTimeout { private get; set; }

        public void Write(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload)
        {
            fixed (byte* first = header, second = payload)
            {
                lock (_gate)
                {
                    (_offered, _behind) = (new Piece(first, header.Length), new Piece(second, payload.Length));
                    Monitor.PulseAll(_gate);
                    while (Left > 0 && !_isClosed)
                    {
                        Monitor.Wait(_gate);
                    }

                    if (Left > 0)
                    {
                        throw new IOException("the link is closed");
                    }
                }
            }
        }

        public int Read(Span<byte> into)
        {
            lock (_gate)
            {
                var patience = ReadTimeout > TimeSpan.Zero ? ReadTimeout : Timeout.InfiniteTimeSpan;
                while (Left == 0 && !_isClosed)
                {
                    if (!Monitor.Wait(_gate, patience))
                    {
                        throw new IOException($"nothing came within {patience.TotalSeconds:0.###} s");
                    }
                }

                return _isClosed ? 0 : Take(into);
            }
        }

        public void Close()
        {
            lock (_gate)
            {
                _isClosed = true;
                Monitor.PulseAll(_gate);
            }
        }

        private int Left => _offered.Length + _behind.Length;

        private int Take(Span<byte> into)
        {
            if (_offered.Length == 0)
            {
                (_offered, _behind) = (_behind, default);
            }

            var count = Math.Min(into.Length, _offered.Length);
            new ReadOnlySpan<byte>(_offered.Start, count).CopyTo(into);
            _offered = new Piece(_offered.Start + count, _offered.Length - count);
            if (Left == 0)
            {
                Monitor.PulseAll(_gate);
            }

            return count;
        }
    }

    private readonly unsafe struct Piece(byte* start, int length)
    {
        public readonly byte* Start = start;
        public readonly int Length = length;
    }
}
