using System.Text;

namespace Trainer.Kernels.Tests.Data;

/// <summary>A Parquet file of metadata alone, in Thrift's compact protocol by hand: one row group of one row, with the columns image.bytes and label, whose pages are wherever one likes.</summary>
internal static class HandmadeParquet
{
    /// <summary>Around the footer.</summary>
    private const int Frame = 12;

    private const int I32 = 5;
    private const int I64 = 6;
    private const int Binary = 8;
    private const int List = 9;
    private const int Struct = 12;

    /// <param name="offset">Of the labels' first page; below 0: from the file's end.</param>
    /// <param name="compressed">Bytes of the labels' pages.</param>
    public static byte[] Write(long offset, long compressed)
    {
        var footer = Footer(offset < 0 ? 200 : offset, compressed);
        if (offset < 0)
        {
            footer = Footer(footer.Length + Frame + offset, compressed); // A number of as many bytes, between 64 and 8191.
        }

        return [.. "PAR1"u8, .. footer, .. BitConverter.GetBytes(footer.Length), .. "PAR1"u8];
    }

    private static byte[] Footer(long labels, long compressed) =>
    [
        .. Field(1, I32, Zigzag(1)),
        .. Field(1, List, [0x4C, .. Element(null, "schema", 2), .. Element(null, "image", 1), .. Element(6, "bytes", null), .. Element(2, "label", null)]),
        .. Field(1, I64, Zigzag(1)),
        .. Field(1, List, [0x1C, .. Field(1, List, [0x2C, .. Chunk(6, ["image", "bytes"], 4, 0), .. Chunk(2, ["label"], labels, compressed)]), .. Field(1, I64, Zigzag(1)), .. Field(1, I64, Zigzag(1)), 0]),
        0,
    ];

    private static byte[] Element(int? type, string name, int? children) =>
    [
        .. type is { } physical ? Field(1, I32, Zigzag(physical)) : [],
        .. Field(type is null ? 3 : 2, I32, Zigzag(0)),
        .. Field(1, Binary, Text(name)),
        .. children is { } count ? Field(1, I32, Zigzag(count)) : [],
        0,
    ];

    private static byte[] Chunk(int type, string[] path, long offset, long compressed) =>
    [
        .. Field(2, I64, Zigzag(offset)),
        .. Field(1, Struct,
        [
            .. Field(1, I32, Zigzag(type)),
            .. Field(1, List, [0x15, .. Zigzag(0)]),
            .. Field(1, List, [(byte)((path.Length << 4) | Binary), .. path.SelectMany(Text)]),
            .. Field(1, I32, Zigzag(0)),
            .. Field(1, I64, Zigzag(1)),
            .. Field(1, I64, Zigzag(8)),
            .. Field(1, I64, Zigzag(compressed)),
            .. Field(2, I64, Zigzag(offset)),
            0,
        ]),
        0,
    ];

    /// <param name="step">From the field before it.</param>
    private static byte[] Field(int step, int type, byte[] value) => [(byte)((step << 4) | type), .. value];

    private static byte[] Text(string text) => [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    private static byte[] Zigzag(long value)
    {
        var (bytes, rest) = (new List<byte>(), (ulong)((value << 1) ^ (value >> 63)));
        for (; rest > 127; rest >>= 7)
        {
            bytes.Add((byte)(rest | 128));
        }

        return [.. bytes, (byte)rest];
    }
}
