using System.Buffers.Binary;
using System.IO.Compression;
using Trainer.Kernels.Data;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Data;

public sealed class IdxTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Images_become_floats_between_0_and_1_with_their_labels()
    {
        byte[] pixels = [.. Enumerable.Range(0, 3 * 5 * 47).Select(i => (byte)(i * 7))];
        var data = DataSet.FromIdx(Idx("images", [3, 5, 47], pixels), Idx("labels", [3], [2, 0, 6]));

        Assert.Equal((3, new Shape(1, 5, 47), 7), (data.Count, data.Shape, data.Classes));
        var sample = new float[5 * 47];
        Assert.Equal(6, data.Read(2, sample));
        Assert.Equal(pixels[^(5 * 47)..].Select(pixel => pixel / 255f), sample);
    }

    [Fact]
    public void Four_dimensions_carry_channels_and_gz_is_decompressed()
    {
        var data = DataSet.FromIdx(Zip(Idx("images", [2, 3, 2, 1], new byte[12])), Zip(Idx("labels", [2], [1, 0])));

        Assert.Equal((2, new Shape(3, 2, 1), 2), (data.Count, data.Shape, data.Classes));
    }

    [Fact]
    public void Take_gives_the_first_samples()
    {
        var data = DataSet.FromIdx(Idx("images", [3, 1, 1], [10, 20, 30]), Idx("labels", [3], [2, 0, 1]));
        var two = data.Take(2);

        Assert.Equal((2, data.Shape, data.Classes), (two.Count, two.Shape, two.Classes));
        Assert.Throws<ArgumentOutOfRangeException>(() => data.Take(4));
        Assert.Throws<ArgumentOutOfRangeException>(() => data.Take(0));
    }

    [Theory]
    [InlineData("", "ends at offset 0 within its header; expected at least 4 bytes")]
    [InlineData("000008", "ends at offset 3 within its header; expected at least 4 bytes")]
    [InlineData("0000080300000001", "ends at offset 8 within its header; expected at least 16 bytes")]
    [InlineData("00000d0300000001", "magic number 00000d03 at offset 0; expected 00000803 or 00000804")]
    [InlineData("0000080100000001ff", "is an IDX file of labels (magic number 00000801 at offset 0); expected IDX (00000803 or 00000804)")]
    [InlineData("1f8b080000000000", "is a gzip file, whose name must end in .gz (magic number 1f8b0800 at offset 0); expected IDX (00000803 or 00000804)")]
    [InlineData("89504e470d0a1a0a", "is a PNG image (magic number 89504e47 at offset 0); expected IDX (00000803 or 00000804)")]
    [InlineData("6e616d653a20", "is a text file (magic number 6e616d65 at offset 0); expected IDX (00000803 or 00000804)")]
    [InlineData("00000803000000020000000100000003", "ends at offset 16; its dimensions 2 x 1 x 3 promise 22 bytes")]
    [InlineData("000008030000000200000001000000030102030405", "ends at offset 21; its dimensions 2 x 1 x 3 promise 22 bytes")]
    [InlineData("0000080300000002000000010000000301020304050607", "goes on at offset 22, where its dimensions 2 x 1 x 3 end")]
    [InlineData("00000803000000000000000100000003", "dimension 0 at offset 4; expected 1 to 2147483647")]
    [InlineData("00000803000000018000000000000003", "dimension 2147483648 at offset 8; expected 1 to 2147483647")]
    [InlineData("000008037fffffff7fffffff7fffffff", "ends at offset 16; its dimensions 2147483647 x 2147483647 x 2147483647 promise 9903520300447984150353281039 bytes")]
    [InlineData("000008037fffff000000000100000001", "ends at offset 16; its dimensions 2147483392 x 1 x 1 promise 2147483408 bytes")]
    public void A_broken_file_is_named_with_offset_found_and_expected(string hex, string problem)
    {
        var images = _folder.Write("images", Convert.FromHexString(hex));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var refused = Assert.Throws<DataFileException>(() => DataSet.FromIdx(images, Idx("labels", [2], [0, 1])));

        Assert.Equal($"{images}: {problem}", refused.Message);
        Assert.Equal(images, refused.File);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    [Fact]
    public void Labels_are_as_many_as_images()
    {
        var (images, labels) = (Idx("images", [3, 1, 1], new byte[3]), Idx("labels", [2], new byte[2]));

        var refused = Assert.Throws<DataFileException>(() => DataSet.FromIdx(images, labels));
        Assert.Equal($"{labels}: 2 labels at offset 4; expected 3, as many as images in {images}", refused.Message);
    }

    [Fact]
    public void A_file_that_is_missing_or_not_gzip_is_named()
    {
        var missing = _folder.File("nowhere");
        Assert.Matches("/nowhere: cannot be opened: no such file or directory", Assert.Throws<DataFileException>(() => DataSet.FromIdx(missing, missing)).Message);

        var broken = _folder.Write("broken.gz", [1, 2, 3, 4]);
        Assert.Matches("/broken.gz: not a gzip file", Assert.Throws<DataFileException>(() => DataSet.FromIdx(broken, missing)).Message);
    }

    /// <summary>A small file that promises gigabytes would fill the memory of whoever looks at it.</summary>
    [Fact]
    public void A_gz_that_promises_more_than_it_can_honestly_hold_is_refused_unread()
    {
        var bomb = Zip(Idx("bomb", [1 << 20, 10, 10], []));
        var packed = new FileInfo(bomb).Length;
        var labels = Idx("labels", [1], [0]);
        Assert.Equal(
            $"{bomb}: dimensions 1048576 x 10 x 10 at offset 4 promise 104857600 bytes, {104857600 / packed} times the {packed} bytes of the file; expected at most 100 times. Decompress it",
            Assert.Throws<DataFileException>(() => DataSet.FromIdx(bomb, labels)).Message);
    }

    [Fact]
    public void Labels_of_another_number_are_not_read()
    {
        var images = Idx("images", [1, 1, 1], [7]);
        var labels = Zip(Idx("many-labels", [3000], [])); // They are not there: reading them would say so.
        Assert.Equal($"{labels}: 3000 labels at offset 4; expected 1, as many as images in {images}", Assert.Throws<DataFileException>(() => DataSet.FromIdx(images, labels)).Message);
    }

    /// <summary>Bytes that end a gzip stream carry no content: without them either it is refused or nothing is lost.</summary>
    [Fact]
    public void A_truncated_gz_never_gives_other_content()
    {
        var images = Zip(Idx("images", [50, 1, 3], [.. Enumerable.Range(0, 150).Select(i => (byte)(i * i))]));
        var (whole, sum) = (File.ReadAllBytes(images), Sum(images));
        var refused = 0;
        for (var length = 0; length < whole.Length; length++)
        {
            var cut = _folder.Write("cut.gz", whole.AsSpan(0, length));
            try
            {
                Assert.Equal(sum, Sum(cut));
            }
            catch (DataFileException problem)
            {
                Assert.Equal((cut, length), (problem.File, refused++));
            }
        }

        Assert.InRange(refused, whole.Length - 12, whole.Length);
    }

    [Theory]
    [InlineData("00000b01000000030000012c0007", new[] { 0, 300, 7 })]
    [InlineData("00000c0100000003ffffffff0001117000000007", new[] { -1, 70_000, 7 })]
    public void Labels_of_16_and_32_bits_name_any_number_of_classes(string hex, int[] labels)
    {
        var data = DataSet.FromIdx(Idx("images", [3, 1, 1], [10, 20, 30]), _folder.Write("labels", Convert.FromHexString(hex)));

        Assert.Equal(labels, Enumerable.Range(0, 3).Select(i => data.Read(i, new float[1])));
    }

    /// <summary>The file is all holes, so that it takes no room.</summary>
    [Fact]
    public void A_file_beyond_2_GiB_is_read_where_it_lies()
    {
        const int count = 70_001;
        const long stride = 256 * 128;
        var images = _folder.File("images");
        using (var file = File.Create(images))
        {
            file.Write([0, 0, 8, 3, 0, 1, 0x11, 0x71, 0, 0, 1, 0, 0, 0, 0, 128]);
            file.SetLength(16 + (count * stride));
            file.Position = 16 + ((count - 1) * stride) + 5;
            file.WriteByte(255);
        }

        var data = DataSet.FromIdx(images);

        var pixels = new float[stride];
        data.Read(count - 1, pixels);
        Assert.Equal((count, 1f, 1f), (data.Count, pixels[5], pixels.Sum()));
        using (var file = File.OpenWrite(images))
        {
            file.SetLength(16 + ((count - 1) * stride) + 7);
        }

        var cut = Assert.Throws<DataFileException>(() => data.Read(count - 1, pixels));
        Assert.Equal($"{images}: ends at offset {16 + ((count - 1) * stride) + 7}; expected image 70000 to end at {16 + (count * stride)}", cut.Message);
    }

    private static string Sum(string path)
    {
        var (file, content) = IdxFile.Read(path, [3]);
        return file.Sha256(content);
    }

    private string Idx(string name, int[] dimensions, byte[] content)
    {
        var header = new byte[4 + (4 * dimensions.Length)];
        (header[2], header[3]) = (8, (byte)dimensions.Length);
        for (var i = 0; i < dimensions.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 + (4 * i)), dimensions[i]);
        }

        return _folder.Write(name, [.. header, .. content]);
    }

    private static string Zip(string path)
    {
        using (var zip = new GZipStream(File.Create(path + ".gz"), CompressionLevel.Optimal))
        {
            zip.Write(File.ReadAllBytes(path));
        }

        return path + ".gz";
    }
}
