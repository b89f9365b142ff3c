using System.IO.Compression;
using System.Security.Cryptography;
using Trainer.Kernels.Data;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Data;

public sealed class FashionMnistTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_real_files_load()
    {
        Assert.SkipWhen(FashionMnist.Find() is null, "Fashion-MNIST is not installed: trainer data fetch fashion-mnist");
        var (train, test) = FashionMnist.Load();

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
        var refused = Assert.Throws<DataFileException>(() => FashionMnist.Load(_folder.Path));

        Assert.Equal($"fashion-mnist: not found in {_folder.Path}; get it with: trainer data fetch fashion-mnist", refused.Message);
    }

    [Fact]
    public void A_wrong_sum_names_file_found_and_expected()
    {
        byte[] images = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 5];
        var sum = Convert.ToHexStringLower(SHA256.HashData(images));
        foreach (var (name, _) in FashionMnist.Files)
        {
            _folder.Write(name, images);
        }

        Assert.Equal(
            $"{_folder.File("train-images-idx3-ubyte")}: SHA-256 of the decompressed content is "
            + $"{sum}; expected c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            Assert.Throws<DataFileException>(() => FashionMnist.Load(_folder.Path)).Message);
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
        Assert.Equal(expected, IdxFile.Read(plain, [1]).Sha256());
        Assert.Equal(expected, IdxFile.Read(plain + ".gz", [1]).Sha256());
    }
}
