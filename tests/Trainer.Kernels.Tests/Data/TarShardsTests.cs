using System.Formats.Tar;
using System.Text;
using SkiaSharp;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Sections;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Data;

/// <summary>WebDataset's shards; the archives are System.Formats.Tar's.</summary>
public sealed class TarShardsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Samples_of_all_shards_are_read_where_they_lie()
    {
        var first = Shard("a.tar", ("x/1.png", Png(3, 2, SKColors.Red)), ("x/1.cls", Text("owl\n")), ("x/1.json", Text("{}")), ("x/2.b.png", Png(1, 1, SKColors.Blue)), ("x/2.jpg", Png(4, 5, SKColors.Lime)), ("x/2.cls", Text("cat")));
        var second = Shard("b.tar", ("9.cls", Text("owl")), ("9.png", Png(2, 2, SKColors.Black)));

        var (train, test) = DataSection.DescribeUntransformed($$"""{"tar":{"train":["{{first}}","{{second}}"],"test":["{{second}}"]} }""");

        Assert.Equal(["cat", "owl"], train.ClassNames);
        Assert.Equal([1, 0, 1], Enumerable.Range(0, train.Count).Select(train.LabelOf));
        Assert.Equal(["a.tar:x/1", "a.tar:x/2", "b.tar:9"], Enumerable.Range(0, train.Count).Select(train.NameOf));
        Assert.Equal((1, 1, 2), (test!.Count, test.LabelOf(0), test.Classes));
        var reader = train.Load().OpenReader();
        Assert.Equal([(2, 3), (5, 4), (2, 2)], Enumerable.Range(0, 3).Select(i => reader.ReadPicture(i, 0)).Select(picture => (picture.Height, picture.Width)));
        Assert.Equal((byte[])[0, 255, 0], reader.ReadPicture(1, 0).Pixels[..3].ToArray());
    }

    [Fact]
    public void Labels_that_are_numbers_may_start_at_one()
    {
        var shard = Shard("a.tar", ("1.png", Png(2, 2, SKColors.Red)), ("1.cls", Text("2")), ("2.png", Png(2, 2, SKColors.Red)), ("2.cls", Text("1")));
        var names = Shard("b.tar", ("1.png", Png(2, 2, SKColors.Red)), ("1.cls", Text("owl")));

        Assert.Equal([1, 0], Enumerable.Range(0, 2).Select(DataSection.DescribeUntransformed($$"""{"label_offset":1,"tar":{"train":["{{shard}}"]} }""").Train.LabelOf));
        Assert.Equal("data.label_offset: is for labels that are numbers; those of b.tar:1 and its like are names", Refused($$"""{"label_offset":1,"tar":{"train":["{{names}}"]} }"""));
        Assert.Equal("data.label_offset: is for labels that are numbers in files of your own: idx, npy, csv, tar, parquet and packed", Refused($$"""{"label_offset":1,"image_folder":{"path":"{{_folder.Path}}"} }"""));

        static string Refused(string section) => Assert.Throws<ModelException>(() => DataSection.DescribeUntransformed(section)).Message;
    }

    /// <summary>A header alone, of 512 bytes, that promises a name or attributes: the library makes room for them first.</summary>
    [Theory]
    [InlineData('x', "17777777777")]
    [InlineData('x', "77777777777")]
    [InlineData('g', "00004000001")]
    [InlineData('L', "17777777777")]
    [InlineData('K', "\u0080\0\0\0\0\0\0\0\u007F\u00FF\u00FF\u00FF")]
    public void Long_attributes_are_refused_before_there_is_room_for_them(char type, string size)
    {
        var header = new byte[512];
        Encoding.ASCII.GetBytes("a.png").CopyTo(header, 0);
        Encoding.ASCII.GetBytes("0000644\0").CopyTo(header, 100);
        Encoding.Latin1.GetBytes(size).CopyTo(header, 124);
        header[156] = (byte)type;
        Encoding.ASCII.GetBytes("ustar\000").CopyTo(header, 257);
        Array.Fill(header, (byte)' ', 148, 8);
        Encoding.ASCII.GetBytes($"{Convert.ToString(header.Sum(value => value), 8).PadLeft(6, '0')}\0 ").CopyTo(header, 148);
        var shard = _folder.Write("long.tar", header);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var refused = Assert.Throws<DataFileException>(() => DataSection.DescribeUntransformed($$"""{"tar":{"train":["{{shard}}"]} }"""));

        Assert.Equal($"{shard}: is no tar archive, or ends within one, at offset 512: a name or attributes of more than 1048576 bytes", refused.Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
    }

    [Fact]
    public void What_is_missing_or_damaged_is_named()
    {
        var unlabelled = Shard("a.tar", ("x/1.png", Png(2, 2, SKColors.Red)));
        var empty = Shard("b.tar", ("1.txt", Text("?")));
        var cut = _folder.Write("c.tar", File.ReadAllBytes(unlabelled)[..700]);
        var other = _folder.Write("d.tar", [0x89, .. "PNG"u8, .. new byte[600]]);

        Assert.Equal($"{unlabelled}: sample 'x/1' has a picture and no label; expected 'x/1.cls'", Refused(unlabelled));
        Assert.Equal($"{empty}: has no pictures; expected files like a.jpg, and a.cls beside each with its label", Refused(empty));
        Assert.StartsWith($"{other}: ", Refused(other), StringComparison.Ordinal);
        Assert.StartsWith($"{cut}: ", Refused(cut), StringComparison.Ordinal);

        static string Refused(string path) => Assert.Throws<DataFileException>(() => DataSection.DescribeUntransformed($$"""{"tar":{"train":["{{path}}"]} }""")).Message;
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Png(int width, int height, SKColor colour)
    {
        using var bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        bitmap.Erase(colour);
        using var png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    private string Shard(string name, params (string Name, byte[] Content)[] files)
    {
        var path = _folder.File(name);
        using var writer = new TarWriter(File.Create(path));
        foreach (var (entry, content) in files)
        {
            writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, entry) { DataStream = new MemoryStream(content) });
        }

        return path;
    }
}
