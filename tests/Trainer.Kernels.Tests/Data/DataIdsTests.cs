using System.Runtime.InteropServices;
using SkiaSharp;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Pictures;
using Trainer.Kernels.Data.Sections;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Data;

public sealed class DataIdsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public DataIdsTests()
    {
        foreach (var (name, side) in new[] { ("train/a/1.png", 4), ("train/b/1.png", 5), ("test/b/2.png", 6) })
        {
            Write(name, side);
        }
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Names_lengths_and_labels_make_the_id_and_pixels_are_not_read()
    {
        var first = Ids();
        Assert.Equal(first, Ids());
        Assert.Matches("^[0-9a-f]{16}$", first.Content);
        File.WriteAllBytes(_folder.File("train/a/1.png"), new byte[new FileInfo(_folder.File("train/a/1.png")).Length]);
        Assert.Equal(first, Ids());

        File.AppendAllText(_folder.File("train/a/1.png"), "?");
        var longer = Ids();
        Write("train/a/0.png", 3);
        var more = Ids();
        File.Move(_folder.File("train/a/0.png"), _folder.File("train/b/0.png"));
        Assert.Equal(4, new[] { first, longer, more, Ids() }.Select(ids => ids.Content).Distinct().Count());

        Assert.Null(longer.Refuse(longer.Content, longer.Decoder));
        Assert.Null(longer.Refuse("", ""));
        Assert.Equal(
            ("content_id", $"the data has the id {longer.Content} here, and the job says {first.Content}: files have other names, sizes or labels, have come or are gone"),
            longer.Refuse(first.Content, first.Decoder));
        Assert.Equal(("decoder_id", $"pictures decode to other pixels here: the decoder's id is {first.Decoder}, and the job says 0123456789abcdef"), first.Refuse(first.Content, "0123456789abcdef"));
    }

    [Fact]
    public void The_decoders_id_is_of_what_it_gives()
    {
        Assert.Matches("^[0-9a-f]{16}$", DecoderId.Value);
        Assert.Equal(17, typeof(DecoderId).Assembly.GetManifestResourceNames().Count(name => name.StartsWith("decoder/", StringComparison.Ordinal)));
    }

    /// <summary>Skia alone gives it too, as it did in release 0.4 (DOTNET_EnableAVX2=0): jobs that began with it go on.</summary>
    [Fact]
    public void The_decoders_id_is_that_of_releases_before()
    {
        Assert.SkipUnless(RuntimeInformation.ProcessArchitecture == Architecture.X64, "Known of processors of x64 alone.");
        Assert.Equal("4c4f35b5e53f401b", DecoderId.Value);
    }

    [Fact]
    public void What_is_known_by_its_pixels_has_no_such_ids()
    {
        var set = DataSet.FromArrays(new Shape(1, 1, 1), new byte[2], [0, 1]);
        Assert.Null(DataIds.Of(set, set));
    }

    private DataIds Ids()
    {
        var (train, test) = DataSection.DescribeUntransformed($$"""{"image_folder":{"path":"{{_folder.Path}}"} }""");
        return DataIds.Of(train, test!)!;
    }

    private void Write(string name, int side)
    {
        using var bitmap = new SKBitmap(side, side);
        Directory.CreateDirectory(Path.GetDirectoryName(_folder.File(name))!);
        using var file = File.Create(_folder.File(name));
        bitmap.Encode(file, SKEncodedImageFormat.Png, 100);
    }
}
