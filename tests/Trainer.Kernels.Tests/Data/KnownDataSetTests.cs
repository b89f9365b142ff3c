using System.IO.Compression;
using System.Security.Cryptography;
using Trainer.Kernels.Data;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Data;

public sealed class KnownDataSetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_real_files_load()
    {
        Assert.SkipWhen(KnownDataSet.FashionMnist.Find() is null, "Fashion-MNIST is not installed: trainer data fetch fashion-mnist");
        var (train, test) = KnownDataSet.FashionMnist.Load();

        Assert.Equal((60_000, new Shape(1, 28, 28), 10), (train.Count, train.Shape, train.Classes));
        Assert.Equal((10_000, new Shape(1, 28, 28), 10), (test.Count, test.Shape, test.Classes));
        var pixels = new float[784];
        Assert.Equal(9, train.Read(0, pixels));
        Assert.Equal(9, test.Read(0, pixels));
        Assert.InRange(pixels.Max(), 0.9f, 1);
        Assert.Equal(0, pixels.Min());
    }

    [Fact]
    public void Not_found_names_the_folders_and_the_command()
    {
        var refused = Assert.Throws<DataFileException>(() => KnownDataSet.FashionMnist.Load(_folder.Path));

        Assert.Equal($"fashion-mnist: not found in {_folder.Path}; get it with: trainer data fetch fashion-mnist", refused.Message);
    }

    [Fact]
    public void A_wrong_sum_names_file_found_and_expected()
    {
        byte[] labels = [0, 0, 8, 1, 0, 0, 0, 1, 5];
        foreach (var (name, _) in KnownDataSet.FashionMnist.Files)
        {
            _folder.Write(name, name.Contains("labels", StringComparison.Ordinal) ? labels : [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 5]);
        }

        Assert.Equal(
            $"{_folder.File("train-labels-idx1-ubyte")}: SHA-256 of the decompressed content is "
            + $"{Convert.ToHexStringLower(SHA256.HashData(labels))}; expected bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            Assert.Throws<DataFileException>(() => KnownDataSet.FashionMnist.Load(_folder.Path)).Message);
    }

    /// <summary>Of images it is seen when they are loaded: whoever describes a set reads labels alone.</summary>
    [Fact]
    public void A_wrong_sum_of_images_is_seen_when_they_are_loaded()
    {
        var images = _folder.Write("images", [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 5]);
        var source = IdxSource.Open(images, labels: null, imagesSha256: "00");

        Assert.Matches("images: SHA-256 of the decompressed content is [0-9a-f]{64}; expected 00", Assert.Throws<DataFileException>(source.Load).Message);
    }

    [Fact]
    public void The_sum_is_that_of_the_decompressed_content()
    {
        byte[] content = [0, 0, 8, 1, 0, 0, 0, 2, 7, 9];
        var plain = _folder.Write("labels", content);
        using (var zip = new GZipStream(File.Create(_folder.File("labels.gz")), CompressionLevel.Fastest))
        {
            zip.Write(content);
        }

        var expected = Convert.ToHexStringLower(SHA256.HashData(content));
        Assert.Equal(expected, Sum(plain));
        Assert.Equal(expected, Sum(plain + ".gz"));
    }

    private static string Sum(string path)
    {
        var (file, content) = IdxFile.Read(path, [1]);
        return file.Sha256(content);
    }
}
