using System.IO.Compression;
using System.Security.Cryptography;
using Trainer.Kernels.Data;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Data;

public sealed class PlainCopyTests : IDisposable
{
    private const int Images = 1129;

    private readonly TemporaryFolder _folder = new();
    private readonly string _path;
    private readonly string _sum;
    private readonly string _copy;

    public PlainCopyTests()
    {
        var file = new byte[16 + (Images * 31 * 37)];
        new Random(5).NextBytes(file);
        ((ReadOnlySpan<byte>)[0, 0, 8, 3, 0, 0, Images >> 8, Images & 255, 0, 0, 0, 31, 0, 0, 0, 37]).CopyTo(file);
        _sum = Convert.ToHexStringLower(SHA256.HashData(file));
        _path = _folder.Write("images.gz", Zipped(file));
        _copy = PlainCopy.PlaceOf(_path, _sum);
    }

    public void Dispose()
    {
        File.Delete(_copy);
        _folder.Dispose();
    }

    [Fact]
    public void The_next_reader_finds_the_elements()
    {
        var first = FirstImage();

        Assert.Equal((long)Images * 31 * 37, new FileInfo(_copy).Length);
        Assert.Equal(first, FirstImage());
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(_copy)!, $"{Path.GetFileName(_copy)}.*.tmp"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_copy_that_is_not_what_it_should_be_is_not_believed(int cut)
    {
        var first = FirstImage();
        var broken = File.ReadAllBytes(_copy);
        broken[0] ^= 1;
        File.WriteAllBytes(_copy, broken[..(broken.Length + cut)]);

        Assert.Equal(first, FirstImage());
        Assert.Equal(first[0], File.ReadAllBytes(_copy)[0]);
    }

    [Fact]
    public void A_file_that_has_changed_is_found_out_beside_its_copy()
    {
        FirstImage();
        File.WriteAllBytes(_path, Zipped([0, 0, 8, 3, 0, 0, Images >> 8, Images & 255, 0, 0, 0, 31, 0, 0, 0, 37, .. new byte[Images * 31 * 37]]));

        Assert.Contains($"expected {_sum}", Assert.Throws<DataFileException>(FirstImage).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_place_for_it_there_is_none()
    {
        Directory.CreateDirectory(_copy); // What cannot be replaced by a file.
        try
        {
            Assert.Equal(31 * 37, FirstImage().Length);
        }
        finally
        {
            Directory.Delete(_copy);
        }
    }

    private byte[] FirstImage()
    {
        var source = IdxSource.Open(_path, labels: null, imagesSha256: _sum);
        source.Load();
        return source.PlanesOf(0).ToArray();
    }

    private static byte[] Zipped(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(content);
        }

        return packed.ToArray();
    }
}
