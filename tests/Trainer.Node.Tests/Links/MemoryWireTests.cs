using System.Runtime.InteropServices;
using Trainer.Node.Links;

namespace Trainer.Node.Tests.Links;

/// <summary>Two workers of a process exchange what they would over a socket.</summary>
public class MemoryWireTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly FrameHeader Header = new() { Kind = FrameKind.Total, Job = 7, Generation = new GenerationNumber(2, 3), Rank = 1 };

    [Fact]
    public void Frames_arrive_whole_in_order_and_with_their_hashes()
    {
        var (near, far) = LinkConnection.InMemory("memory");
        int[] lengths = [0, 1, 1024, 1025, 70_001];
        var payload = Enumerable.Range(0, 70_001).Select(i => (float)i).ToArray();
        var writer = new Thread(() =>
        {
            foreach (var length in lengths)
            {
                near.Write(Header with { Item = (ulong)length, PayloadHash = 5 }, MemoryMarshal.AsBytes(payload.AsSpan(0, length)));
            }

            near.Dispose();
        });
        writer.Start();
        foreach (var length in lengths)
        {
            var header = far.ReadHeader()!.Value;
            Assert.Equal(Header with { Item = (ulong)length, PayloadHash = 5, PayloadLength = length * sizeof(float) }, header);
            var into = new float[length];
            far.ReadPayload(MemoryMarshal.AsBytes(into.AsSpan()));
            Assert.Equal(payload[..length], into);
        }

        Assert.Null(far.ReadHeader());
        Assert.True(writer.Join(Patience));
        Assert.Equal((near.BytesSent, near.BytesSent), (far.BytesReceived, (lengths.Length * FrameHeader.Bytes) + (lengths.Sum() * sizeof(float))));
    }

    [Fact]
    public void A_write_returns_when_all_is_read_so_that_its_memory_may_change()
    {
        var (near, far) = MemoryWire.Pair();
        using var returned = new ManualResetEventSlim();
        var writer = new Thread(() =>
        {
            near.Write([1, 2, 3], [4, 5]);
            returned.Set();
        });
        writer.Start();
        var all = new List<byte>();
        var piece = new byte[2];
        while (all.Count < 5)
        {
            Assert.False(returned.IsSet);
            all.AddRange(piece[..far.Read(piece)]);
        }

        Assert.Equal(new byte[] { 1, 2, 3, 4, 5 }, all);
        Assert.True(returned.Wait(Patience));
    }

    [Fact]
    public void Both_ends_may_write_at_once_while_readers_read()
    {
        const int Rounds = 101;
        var (near, far) = MemoryWire.Pair();
        using var left = new CountdownEvent(4);
        foreach (var (from, to) in new[] { (near, far), (far, near) })
        {
            new Thread(() =>
            {
                for (byte i = 0; i < Rounds; i++)
                {
                    from.Write([i], new byte[1009]);
                }

                left.Signal();
            }).Start();
            new Thread(() =>
            {
                var got = 0;
                for (var piece = new byte[499]; got < Rounds * 1010; got += to.Read(piece))
                {
                }

                left.Signal();
            }).Start();
        }

        Assert.True(left.Wait(Patience));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Who_closes_ends_what_both_wait_for(bool own)
    {
        var (near, far) = MemoryWire.Pair();
        Exception? refused = null;
        var writer = new Thread(() => refused = Record.Exception(() => near.Write([1], [2])));
        var read = -1;
        var reader = new Thread(() => read = near.Read(new byte[1]));
        writer.Start();
        reader.Start();
        Assert.Equal(1, far.Read(new byte[1])); // The writer waits for the rest.
        (own ? near : far).Dispose();
        Assert.True(writer.Join(Patience) && reader.Join(Patience));
        Assert.Equal(("the link is closed", 0), (Assert.IsType<IOException>(refused).Message, read));
        Assert.Equal("the link is closed", Assert.Throws<IOException>(() => far.Write([1], [])).Message);
        Assert.Equal(0, far.Read(new byte[1]));
    }

    [Fact]
    public void A_reader_that_has_patience_says_when_it_is_over()
    {
        var (_, far) = MemoryWire.Pair();
        far.ReadTimeout = TimeSpan.FromMilliseconds(1);
        Assert.Equal("nothing came within 0.001 s", Assert.Throws<IOException>(() => far.Read(new byte[1])).Message);
    }
}
