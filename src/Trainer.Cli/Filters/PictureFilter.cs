using Trainer.Cli.Errors;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Pictures;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Functional;

namespace Trainer.Cli.Filters;

/// <param name="Kernel">What each channel goes through by itself.</param>
/// <param name="Visible">How its results become bytes.</param>
internal sealed record FilterOptions(FilterKernel Kernel, Size2 Stride, Size2 Padding, Size2 Dilation, bool Gray, Visible Visible);

/// <summary>What came out.</summary>
/// <param name="Lowest">Of what the kernel gave, before it became bytes; pixels of the picture are 0 to 255.</param>
/// <param name="Clipped">The share of values that were cut off at 0 or 255.</param>
internal sealed record Filtered(Picture Picture, float Lowest, float Highest, double Clipped);

/// <summary>A picture through a kernel, channel by channel, by the library's convolution.</summary>
internal static class PictureFilter
{
    /// <summary>Of the picture with its padding. Up to 70 bytes are held for each.</summary>
    public const long MostPixels = 64_000_000;

    /// <exception cref="DataFileException">The file is not there, or is no picture.</exception>
    /// <exception cref="CliException">The picture is too large or too small.</exception>
    public static Filtered Run(Device device, string path, FilterOptions options, CancellationToken stop)
    {
        var source = PictureFiles.Open([path], options.Gray ? 1 : 3);
        CheckSize(path, source.Shape!.Value, options);
        var picture = new Picture();
        source.Read(0, picture);

        var (f, shown) = (new Functions(device), new Picture());
        var (lowest, highest, clipped) = (float.PositiveInfinity, float.NegativeInfinity, 0L);
        for (var c = 0; c < picture.Channels; c++)
        {
            stop.ThrowIfCancellationRequested();
            var plane = Through(f, Plane(picture, c), options);
            var bytes = VisiblePlane.Of(plane, options.Visible);
            (lowest, highest, clipped) = (Math.Min(lowest, bytes.Lowest), Math.Max(highest, bytes.Highest), clipped + bytes.Clipped);
            Put(bytes.Bytes, c == 0 ? shown.Reshape(plane.Shape[1], plane.Shape[2], picture.Channels) : shown.Pixels, c, picture.Channels);
        }

        return new Filtered(shown, lowest, highest, (double)clipped / shown.Pixels.Length);
    }

    private static NdArray Through(Functions f, NdArray plane, FilterOptions options)
    {
        var y = f.Conv2d(plane, options.Kernel.Weights, stride: options.Stride, padding: options.Padding, dilation: options.Dilation);
        if (y.Shape[0] == 1)
        {
            return y;
        }

        var pixels = y.Values.Length / 2;
        var length = new float[pixels];
        for (var i = 0; i < pixels; i++)
        {
            var (across, down) = (y.Values[i], y.Values[pixels + i]);
            length[i] = MathF.Sqrt((across * across) + (down * down));
        }

        return new NdArray(new Shape(1, y.Shape[1], y.Shape[2]), length);
    }

    /// <summary>The header alone has been read.</summary>
    private static void CheckSize(string path, Shape picture, FilterOptions options)
    {
        var (height, width) = (picture[1] + (2L * options.Padding.Height), picture[2] + (2L * options.Padding.Width));
        var padding = options.Padding == 0 ? "" : $", {width}x{height} with the padding";
        if (width > MostPixels / height)
        {
            throw new CliException($"{path} has {picture[2]}x{picture[1]} pixels{padding}; expected at most {MostPixels:#,0}.", remedy: "Make it smaller first.");
        }

        var (rows, columns) = (Extent(options.Kernel.Rows, options.Dilation.Height), Extent(options.Kernel.Columns, options.Dilation.Width));
        if (height < rows || width < columns)
        {
            throw new CliException(
                $"{path} has {picture[2]}x{picture[1]} pixels{padding}, and the kernel takes {columns}x{rows}{(options.Dilation == 1 ? "" : " with its dilation")}: it fits nowhere.",
                remedy: "Give a smaller kernel, or more --padding.");
        }
    }

    private static long Extent(int taps, int dilation) => ((taps - 1L) * dilation) + 1;

    private static NdArray Plane(Picture picture, int channel)
    {
        var pixels = picture.Pixels;
        var plane = new float[picture.Height * picture.Width];
        for (int i = 0, from = channel; i < plane.Length; i++, from += picture.Channels)
        {
            plane[i] = pixels[from];
        }

        return new NdArray(new Shape(1, picture.Height, picture.Width), plane);
    }

    private static void Put(byte[] plane, Span<byte> pixels, int channel, int channels)
    {
        for (int i = 0, to = channel; i < plane.Length; i++, to += channels)
        {
            pixels[to] = plane[i];
        }
    }
}
