using Parquet;
using Parquet.Schema;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Pictures;
using Trainer.Kernels.Data.Sections;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Data;

/// <summary>
/// huggingface.parquet was written by Rust's implementation (huggingface.mjs): 7 rows in groups of 3, bitmaps of 2x2 pixels of the gray 9 i, labels i mod 3, no path in every third row, Snappy, dictionaries.
/// </summary>
public sealed class ParquetImagesTests : IDisposable
{
    private static readonly string Fixture = Path.Combine(Repository.Root, "tests/Trainer.Kernels.Tests/Data/huggingface.parquet");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Files_of_another_implementation_are_read()
    {
        var source = ParquetImages.Open([Fixture, Fixture]);
        source.Load();
        var picture = new Picture();

        Assert.Equal((14, 3, null), (source.Count, source.Channels, source.Shape));
        Assert.Equal(["cat", "dog", "owl"], source.ClassNames);
        for (var i = 0; i < 14; i++)
        {
            source.Read(i, picture);
            Assert.Equal((i % 7 % 3, $"huggingface.parquet:{i % 7}", 2, 2), (source.LabelOf(i), source.NameOf(i), picture.Height, picture.Width));
            Assert.All(picture.Pixels.ToArray(), pixel => Assert.Equal(i % 7 * 9, pixel));
        }

        source.Read(2, picture); // Out of order, as training reads.
        Assert.Equal(18, picture.Pixels[0]);
    }

    [Fact]
    public void A_section_names_files_and_needs_no_columns()
    {
        var (train, test) = DataSection.Load($$$"""{"parquet":{"train":["{{{Fixture}}}"],"test":["{{{Fixture}}}"]},"transforms":{"train":[{"center_crop":{"size":[2]}}],"test":[{"center_crop":{"size":[2]}}]}}""");
        var pixels = new float[12];

        Assert.Equal((7, new Shape(3, 2, 2), 3, "dog"), (train.Count, train.Shape, train.Classes, test.ClassNameOf(1)));
        Assert.Equal(1, train.Read(4, pixels));
        Assert.All(pixels, pixel => Assert.Equal(36 / 255f, pixel));
        Assert.Equal(16, DataIds.Of(train, test)!.Content.Length);
    }

    /// <summary>Found by fuzzing: the library walks over such for ever.</summary>
    [Theory]
    [InlineData(0x19, 31, "more than 24 structs and lists within each other")]
    [InlineData(0x19, 100_000, "more than 24 structs and lists within each other")]
    [InlineData(0x1C, 100_000, "more than 24 structs and lists within each other")]
    [InlineData(0xF9, 1, "elements where ")]
    [InlineData(0x15, 0, "a value of type 5 where [SchemaElement] is expected")]
    public void Metadata_without_end_or_bottom_are_refused(int what, int times, string problem)
    {
        // An unknown field of the footer: a list of one list of one list ..., structs within structs, or a list of 2^32 - 1 elements.
        byte[] footer = what == 0x15 ? [0x15, 2, 0x15, 0xFE, 0xFF, 0xFF, 0xFF, 0x0F, 0] : what == 0xF9 ? [0xD9, 0xF9, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F] : [(byte)(0xD0 | (what & 15)), .. Enumerable.Repeat((byte)what, times)];
        var path = _folder.File("hostile.parquet");
        File.WriteAllBytes(path, [.. "PAR1"u8, .. footer, .. BitConverter.GetBytes(footer.Length), .. "PAR1"u8]);
        var refused = Assert.Throws<DataFileException>(() => ParquetImages.Open([path]));
        Assert.StartsWith($"{path}: is no file of Parquet that can be read, or is damaged: its metadata has ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(problem, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_whose_header_has_no_bottom_is_refused()
    {
        var bytes = File.ReadAllBytes(Fixture);
        Array.Fill(bytes, (byte)0x1C, 4, 1000);
        var path = _folder.File("hostile.parquet");
        File.WriteAllBytes(path, bytes);
        Assert.Contains("its metadata has ", Assert.Throws<DataFileException>(() => ParquetImages.Open([path])).Message, StringComparison.Ordinal);
    }

    /// <summary>The library reads a page's header wherever it is said to be, and takes the file's end for a number without end.</summary>
    [Theory]
    [InlineData(-2, 0, "")]
    [InlineData(-4, 1, "")]
    [InlineData(0, 0, "a page begins at ")]
    [InlineData(1 << 20, 0, "a page begins at ")]
    [InlineData(-3, long.MaxValue, "")]
    public async Task Pages_that_begin_anywhere_are_refused(int fromTheEnd, long compressed, string problem)
    {
        var path = _folder.File("hostile.parquet");
        File.WriteAllBytes(path, HandmadeParquet.Write(fromTheEnd, compressed));
        var refused = await Task.Run(() => Assert.Throws<DataFileException>(() => ParquetImages.Open([path])).Message).WaitAsync(TimeSpan.FromSeconds(60)); // It goes on for ever otherwise.
        Assert.StartsWith($"{path}: is no file of Parquet that can be read, or is damaged: {problem}", refused, StringComparison.Ordinal);
    }

    /// <summary>A length of Snappy's that promises half a gigabyte, in a page of some bytes.</summary>
    [Fact]
    public void A_page_that_promises_more_than_it_can_hold_is_refused()
    {
        var bytes = File.ReadAllBytes(Fixture);
        var header = new ThriftWalk(bytes.AsSpan(4));
        header.Struct(ParquetShapes.Page);
        byte[] promise = [0xFF, 0xFF, 0xFF, 0xFF, 0x01];
        promise.CopyTo(bytes, 4 + header.At);
        var path = _folder.File("hostile.parquet");
        File.WriteAllBytes(path, bytes);
        var refused = Assert.Throws<DataFileException>(() => ParquetImages.Open([path]).Load());
        Assert.Matches("the page at 4 is to have 536870911 bytes unpacked, out of [0-9]+$", refused.Message);
    }

    [Theory]
    [InlineData(CompressionMethod.None)]
    [InlineData(CompressionMethod.Snappy)]
    [InlineData(CompressionMethod.Zstd)]
    [InlineData(CompressionMethod.Gzip)]
    public async Task Row_groups_and_compressions_change_nothing(CompressionMethod compression)
    {
        byte[][] pictures = [.. Enumerable.Range(0, 11).Select(i => TestData.Values(1 + (i * 37), (ulong)i).Select(value => (byte)(value * 127)).ToArray())];
        var path = await WriteAsync("a.parquet", pictures, [.. Enumerable.Range(0, 11).Select(i => (long?)(i % 2))], compression: compression, group: 4);
        var source = ParquetImages.Open([path], "picture", "class");

        Assert.Empty(source.ClassNames);
        for (var i = 10; i >= 0; i--)
        {
            Assert.Equal(pictures[i], ((IEncodedPictures)source).EncodedAt(i).ToArray());
            Assert.Equal(i % 2, source.LabelOf(i));
        }
    }

    [Fact]
    public async Task What_is_missing_is_named_with_its_row()
    {
        byte[]?[] pictures = [[1], [2], null, [4]];
        var path = await WriteAsync("a.parquet", pictures, [0, 1, 0, 1], group: 2);
        var unlabelled = await WriteAsync("b.parquet", [[1], [2], [3]], [0, 1, null], group: 2);
        var large = await WriteAsync("c.parquet", [[1]], [1L << 40]);

        var source = ParquetImages.Open([path], "picture", "class");
        Assert.Equal($"{path}: row 2 has nothing in column 'picture/bytes'; expected a value in each", Assert.Throws<DataFileException>(source.Load).Message);
        Assert.Equal($"{unlabelled}: row 2 has nothing in column 'class'; expected a value in each", Refused(unlabelled, "picture", "class"));
        Assert.Equal($"{large}: row 0 has the label 1099511627776; expected a whole number of 32 bits", Refused(large, "picture", "class"));
        Assert.Equal($"{path}: has no column 'image/bytes' of files of pictures; expected one, of picture/bytes, picture/path, class", Refused(path, null, "class"));
        Assert.Equal($"{path}: has ReadOnlyMemory`1 in column 'picture/path'; expected whole numbers: labels", Refused(path, "picture", "picture/path"));
        Assert.Equal($"{path}: has the classes without names; expected cat, dog, owl, as the training set has", Assert.Throws<DataFileException>(
            () => ParquetImages.Open([path], "picture", "class", ["cat", "dog", "owl"])).Message);

        static string Refused(string path, string? image, string? label) => Assert.Throws<DataFileException>(() => ParquetImages.Open([path], image, label)).Message;
    }

    /// <summary>Cut short anywhere, and with any byte changed: an error that names the file, or data that reads.</summary>
    [Fact]
    public void Damaged_files_are_refused()
    {
        var (whole, path) = (File.ReadAllBytes(Fixture), Path.Combine(_folder.Path, "damaged.parquet"));
        for (var length = 0; length < whole.Length; length += 131)
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.StartsWith($"{path}: ", Assert.Throws<DataFileException>(() => ParquetImages.Open([path])).Message, StringComparison.Ordinal);
        }

        for (var place = 0; place < whole.Length; place += 37)
        {
            var damaged = whole.ToArray();
            damaged[place] ^= 0x5a;
            File.WriteAllBytes(path, damaged);
            var problem = Record.Exception(() => ParquetImages.Open([path]).Load());
            Assert.True(problem is null or DataFileException, $"byte {place}: {problem}");
        }
    }

    /// <summary>10,000 pictures of some 2 KB: opening reads labels alone, loading all of them once.</summary>
    [Fact, Trait("Category", "Long")]
    public async Task Ten_thousand_small_pictures_are_read_in_seconds()
    {
        var path = await WriteAsync("large.parquet", [.. Enumerable.Range(0, 10_000).Select(i => TestData.Values(2048, (ulong)i).Select(value => (byte)(value * 127)).ToArray())], [.. Enumerable.Range(0, 10_000).Select(i => (long?)(i % 10))], group: 1000);
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        var source = ParquetImages.Open([path], "picture", "class");
        var opened = System.Diagnostics.Stopwatch.GetElapsedTime(start);
        source.Load();
        var loaded = System.Diagnostics.Stopwatch.GetElapsedTime(start) - opened;
        TestContext.Current.TestOutputHelper?.WriteLine($"opened in {opened.TotalSeconds:0.000} s, loaded in {loaded.TotalSeconds:0.000} s");
        Assert.Equal(10_000, source.Count);
    }

    private async Task<string> WriteAsync(
        string name, byte[]?[] pictures, long?[] labels, CompressionMethod compression = CompressionMethod.Snappy, int group = int.MaxValue)
    {
        var (bytes, file, label) = (new DataField("bytes", typeof(byte[]), true), new DataField("path", typeof(string), true), new DataField("class", typeof(long), true));
        var path = Path.Combine(_folder.Path, name);
        await using var stream = File.Create(path);
        await using var writer = await ParquetWriter.CreateAsync(new ParquetSchema(new StructField("picture", bytes, file), label), stream, new ParquetOptions { CompressionMethod = compression });
        for (var first = 0; first < pictures.Length; first += Math.Min(group, pictures.Length))
        {
            var count = Math.Min(group, pictures.Length - first);
            using var rows = writer.CreateRowGroup();
            await rows.WriteAsync(bytes, pictures[first..(first + count)]!);
            await rows.WriteAsync(file, Enumerable.Repeat<string?>(null, count).ToArray()!);
            await rows.WriteAsync<long>(label, labels.AsMemory(first, count));
        }

        return path;
    }
}
