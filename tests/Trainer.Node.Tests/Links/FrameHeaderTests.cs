using Trainer.Kernels.Sharding;
using Trainer.Node.Links;

namespace Trainer.Node.Tests.Links;

public class FrameHeaderTests
{
    private static readonly FrameHeader Full = new()
    {
        Kind = FrameKind.Contribution,
        Job = 0x0102030405060708,
        Generation = new GenerationNumber(ulong.MaxValue, 3),
        Item = 1UL << 40,
        Rank = 4095,
        Chunk = 17,
        Root = new ShardRange(5, 7),
        StateHash = 0xFEDCBA9876543210,
        Hold = true,
        PayloadLength = 262_144,
        PayloadHash = 0x0F1E2D3C4B5A6978,
    };

    [Theory]
    [InlineData(FrameKind.Hello)]
    [InlineData(FrameKind.Refusal)]
    [InlineData(FrameKind.Contribution)]
    [InlineData(FrameKind.Total)]
    [InlineData(FrameKind.Credit)]
    [InlineData(FrameKind.Applied)]
    [InlineData(FrameKind.Committed)]
    [InlineData(FrameKind.StateWanted)]
    [InlineData(FrameKind.StateHead)]
    [InlineData(FrameKind.StateChunk)]
    [InlineData(FrameKind.GroupPart)]
    public void Every_field_survives(FrameKind kind)
    {
        var header = Full with { Kind = kind };
        Assert.Equal(header, FrameHeader.Read(Bytes(header), position: 0));
    }

    [Fact]
    public void Every_byte_of_the_layout_belongs_to_a_field()
    {
        var bytes = new byte[FrameHeader.Bytes];
        Array.Fill(bytes, (byte)0xAA);
        Full.Write(bytes);
        var again = new byte[FrameHeader.Bytes];
        Full.Write(again);
        Assert.Equal(again, bytes);
        Assert.Equal("4C4E545203000300"u8.ToArray(), System.Text.Encoding.ASCII.GetBytes(Convert.ToHexString(bytes[..8])));
    }

    [Theory]
    [InlineData(0, 0x00, "magic at byte 1000 of the stream is 0x52544E00, expected 0x52544E4C")]
    [InlineData(4, 0x01, "version at byte 1004 of the stream is 0x1, expected 0x3")]
    [InlineData(6, 0x0C, "kind at byte 1006 of the stream is 12, expected 1 to 11")]
    [InlineData(71, 0x04, "payload length at byte 1068 of the stream is 67371008, expected at most 67108864")]
    [InlineData(71, 0xFF, "payload length at byte 1068 of the stream is 4278452224, expected at most 67108864")]
    [InlineData(68, 0x02, "payload length at byte 1068 of the stream is 262146, expected a multiple of 4")]
    [InlineData(72, 0x00, "payload kind at byte 1072 of the stream is 0x0, expected 0x1")]
    public void A_corrupt_field_is_named_with_its_offset(int offset, byte value, string message)
    {
        var bytes = Bytes(Full);
        bytes[offset] = value;
        var error = Assert.Throws<FrameException>(() => FrameHeader.Read(bytes, position: 1000));
        Assert.Equal("corrupt frame: " + message, error.Message);
    }

    [Fact]
    public void Any_bit_that_flips_shows()
    {
        for (var bit = 0; bit < 8 * FrameHeader.Bytes; bit++)
        {
            var bytes = Bytes(Full);
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<FrameException>(() => FrameHeader.Read(bytes, position: 0));
        }
    }

    [Fact]
    public void Generations_are_ordered_by_term_then_number()
    {
        GenerationNumber[] ascending = [default, new(0, 5), new(1, 0), new(1, 2), new(2, 1)];
        Assert.Equal(ascending, ascending.Reverse().Order());
        Assert.True(new GenerationNumber(1, 9) < new GenerationNumber(2, 0));
    }

    private static byte[] Bytes(FrameHeader header)
    {
        var bytes = new byte[FrameHeader.Bytes];
        header.Write(bytes);
        return bytes;
    }
}
