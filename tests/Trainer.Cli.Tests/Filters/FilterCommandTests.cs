using System.Buffers.Binary;
using System.Text.Json;
using SkiaSharp;
using Trainer.Cli.Tests.Fakes;

namespace Trainer.Cli.Tests.Filters;

/// <summary>trainer filter on the picture of filter.py, whose bytes are PyTorch's and, where it can say the same, PIL's.</summary>
public sealed class FilterCommandTests : IDisposable
{
    private const int Height = 11;
    private const int Width = 13;

    private readonly TemporaryFolder _folder = new();

    public FilterCommandTests() => Write(Picture, Width, Height, (x, y, c) => (byte)((37 * x) + (59 * y) + (101 * c) + (7 * x * y) + (3 * y * y)));

    public static TheoryData<string> Cases => [.. Golden().Select(golden => string.Join(' ', Arguments(golden)))];

    private string Picture => _folder["picture.png"];

    private string Out => _folder["out.png"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task The_bytes_are_those_of_pytorch(string arguments)
    {
        var golden = Golden().Single(one => string.Join(' ', Arguments(one)) == arguments);

        var run = await CommandRun.InAsync(_folder.Path, ["filter", Picture, .. Arguments(golden), "--to", Out, "-o", "json"]);

        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        var said = run.JsonLines[0];
        Assert.All(new[] { "width", "height", "channels" }, name => Assert.Equal(golden.GetProperty(name).GetInt32(), (int)said[name]!));
        Assert.All(new[] { "lowest", "highest" }, name => Assert.Equal(golden.GetProperty(name).GetDouble(), (double)said[name]!, 1e-3));
        Assert.Equal(golden.GetProperty("show").GetString(), (string?)said["show"]);
        Assert.Equal(golden.GetProperty("bytes").EnumerateArray().Select(value => value.GetByte()), Read((int)said["channels"]!));
    }

    [Fact]
    public async Task It_says_what_it_did()
    {
        var run = await CommandRun.InAsync(_folder.Path, "filter", Picture, "--kernel", "sobel-x", "--to", Out);

        Assert.Equal(
            $"{Out} has 11x9 pixels. The kernel gave -448 to 432, shown by their distance from 0 (--show absolute); {Share():0.#} % were cut off at 0 or 255.",
            run.Output.ReplaceLineEndings(" ").Trim());

        double Share() => 100 * Math.Round(Golden().First().GetProperty("bytes").EnumerateArray().Count(value => value.GetByte() == 255) / 297.0, 3);
    }

    [Theory]
    [InlineData("1,0;1", "--kernel: row 1 has 2 numbers, row 2 has 1 number; expected as many in each.")]
    [InlineData("1,x", "--kernel: row 1: 'x' is not a number; expected rows like \"1,0,-1;2,0,-2;1,0,-1\".")]
    [InlineData("1,NaN", "--kernel: row 1: 'NaN' is not a number; expected rows like \"1,0,-1;2,0,-2;1,0,-1\".")]
    [InlineData("sobel-w", "--kernel: there is no kernel 'sobel-w'. Did you mean 'sobel-x'?")]
    public async Task A_kernel_that_is_none_is_refused(string kernel, string words)
    {
        var run = await CommandRun.InAsync(_folder.Path, "filter", Picture, "--kernel", kernel, "--to", Out);

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith(words, run.Errors.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--stride", "0", "--stride: expected a whole number of at least 1, or two (rows, columns: 2,1), got '0'.")]
    [InlineData("--padding", "1,2,3", "--padding: expected a whole number of at least 0, or two (rows, columns: 2,1), got '1,2,3'.")]
    [InlineData("--kernel", "", "--kernel: there is no kernel ''.")]
    public async Task Sizes_that_are_none_are_refused(string option, string value, string words)
    {
        string[] kernel = option == "--kernel" ? [] : ["--kernel", "blur"];

        var run = await CommandRun.InAsync(_folder.Path, ["filter", Picture, .. kernel, option, value, "--to", Out]);

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith(words, run.Errors.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_kernel_that_is_too_large_is_refused()
    {
        var run = await CommandRun.InAsync(_folder.Path, "filter", Picture, "--kernel", string.Join(',', Enumerable.Repeat("1", 32)), "--to", Out);

        Assert.StartsWith("--kernel: 1 rows of 32 numbers; expected at most 31 of each.", run.Errors.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_picture_that_is_too_small_is_refused()
    {
        var run = await CommandRun.InAsync(_folder.Path, "filter", Picture, "--kernel", "blur", "--dilation", "6,2", "--to", Out);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"{Picture} has 13x11 pixels, and the kernel takes 5x13 with its dilation: it fits nowhere.", run.Errors.ReplaceLineEndings(" "));
        Assert.False(File.Exists(Out));
    }

    [Fact]
    public async Task A_picture_that_is_too_large_is_refused_by_its_header()
    {
        WriteHeader(_folder["huge.png"], 20_011, 10_007);

        var run = await CommandRun.InAsync(_folder.Path, "filter", _folder["huge.png"], "--kernel", "blur", "--to", Out);
        var padded = await CommandRun.InAsync(_folder.Path, "filter", Picture, "--kernel", "blur", "--padding", "10000", "--to", Out);

        Assert.Contains("huge.png has 20011x10007 pixels; expected at most 64,000,000. Make it smaller first.", run.Errors.ReplaceLineEndings(" "));
        Assert.Contains("has 13x11 pixels, 20013x20011 with the padding; expected at most 64,000,000.", padded.Errors.ReplaceLineEndings(" "));
    }

    [Fact]
    public async Task What_is_no_picture_and_what_is_there_already_is_told()
    {
        File.WriteAllText(_folder["text.png"], "no picture");
        File.WriteAllText(Out, "mine");

        var text = await CommandRun.InAsync(_folder.Path, "filter", _folder["text.png"], "--kernel", "blur", "--to", _folder["other.png"]);
        var nowhere = await CommandRun.InAsync(_folder.Path, "filter", _folder["nowhere.png"], "--kernel", "blur", "--to", _folder["other.png"]);
        var taken = await CommandRun.InAsync(_folder.Path, "filter", Picture, "--kernel", "blur", "--to", Out);

        Assert.Contains("is a text file; expected a PNG, JPEG, WebP or BMP image", text.Errors.ReplaceLineEndings(" "));
        Assert.Contains("is not there; expected a picture", nowhere.Errors.ReplaceLineEndings(" "));
        Assert.Contains($"{Out} is there already.", taken.Errors.ReplaceLineEndings(" "));
        Assert.Equal("mine", File.ReadAllText(Out));
    }

    private static IEnumerable<JsonElement> Golden()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Documentation.Repository.Root, "tests/Trainer.Cli.Tests/Filters/filter.json")));
        return [.. document.RootElement.Clone().GetProperty("cases").EnumerateArray()];
    }

    private static string[] Arguments(JsonElement golden) => [.. golden.GetProperty("arguments").EnumerateArray().Select(one => one.GetString()!)];

    private byte[] Read(int channels)
    {
        using var bitmap = SKBitmap.Decode(Out);
        return [.. Enumerable.Range(0, bitmap.Width * bitmap.Height).Select(i => bitmap.GetPixel(i % bitmap.Width, i / bitmap.Width))
            .SelectMany(pixel => channels == 1 ? new[] { pixel.Red } : [pixel.Red, pixel.Green, pixel.Blue])];
    }

    private static void Write(string path, int width, int height, Func<int, int, int, byte> value)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        for (var i = 0; i < width * height; i++)
        {
            var (x, y) = (i % width, i / width);
            bitmap.SetPixel(x, y, new SKColor(value(x, y, 0), value(x, y, 1), value(x, y, 2)));
        }

        using var file = File.Create(path);
        bitmap.Encode(file, SKEncodedImageFormat.Png, 100);
    }

    /// <summary>The picture's file, whose header says another size: what comes behind it is not looked at.</summary>
    private void WriteHeader(string path, int width, int height)
    {
        var file = File.ReadAllBytes(Picture);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(16), width);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(20), height);
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(29), Crc32(file.AsSpan(12, 17)));
        File.WriteAllBytes(path, file);
    }

    /// <summary>PNG's checksum of a chunk (ISO 3309).</summary>
    private static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
            }
        }

        return ~crc;
    }
}
