using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Trainer.Kernels.Data;

/// <summary>Bytes to floats, v / 255, as torchvision's ToTensor.</summary>
internal static class PixelFloats
{
    private const int FourPixels = 4;

    /// <summary>Of four pixels, each as 32 bits.</summary>
    private static readonly Vector128<byte> Reds = Vector128.Create((byte)0, 255, 255, 255, 3, 255, 255, 255, 6, 255, 255, 255, 9, 255, 255, 255);
    private static readonly Vector128<byte> Greens = Vector128.Create((byte)1, 255, 255, 255, 4, 255, 255, 255, 7, 255, 255, 255, 10, 255, 255, 255);
    private static readonly Vector128<byte> Blues = Vector128.Create((byte)2, 255, 255, 255, 5, 255, 255, 255, 8, 255, 255, 255, 11, 255, 255, 255);

    private static readonly float[] Quotients = [.. Enumerable.Range(0, 256).Select(value => value / 255f)];

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // Vectors of the machine's width are not compiled ahead of time.
    public static void Convert(ReadOnlySpan<byte> source, Span<float> pixels)
    {
        var i = 0;
        for (; i <= source.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(source[i..]), out var low, out var high);
            Scale(low, pixels[i..]);
            Scale(high, pixels[(i + Vector<ushort>.Count)..]);
        }

        for (; i < source.Length; i++)
        {
            pixels[i] = source[i] / 255f;
        }
    }

    /// <summary>Planes of floats from pixels whose channels stand side by side.</summary>
    public static void ConvertToPlanes(Picture picture, Span<float> planes)
    {
        var pixels = picture.Pixels;
        var (channels, plane) = (picture.Channels, picture.Height * picture.Width);
        if (channels == 1)
        {
            Convert(pixels, planes);
            return;
        }

        if (channels == 3)
        {
            ConvertOf3(pixels, planes[..plane], planes.Slice(plane, plane), planes.Slice(2 * plane, plane));
            return;
        }

        for (var c = 0; c < channels; c++)
        {
            var target = planes.Slice(c * plane, plane);
            for (int i = 0, from = c; i < target.Length; i++, from += channels)
            {
                target[i] = Quotients[pixels[from]];
            }
        }
    }

    private static void ConvertOf3(ReadOnlySpan<byte> pixels, Span<float> r, Span<float> g, Span<float> b)
    {
        var i = 0;
        for (; i <= r.Length - FourPixels - 2; i += FourPixels) // A vector reaches into the sixth pixel.
        {
            var four = Vector128.Create(pixels.Slice(3 * i, Vector128<byte>.Count));
            Scale(Vector128.Shuffle(four, Reds), r[i..]);
            Scale(Vector128.Shuffle(four, Greens), g[i..]);
            Scale(Vector128.Shuffle(four, Blues), b[i..]);
        }

        for (; i < r.Length; i++)
        {
            (r[i], g[i], b[i]) = (Quotients[pixels[3 * i]], Quotients[pixels[(3 * i) + 1]], Quotients[pixels[(3 * i) + 2]]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Scale(Vector128<byte> values, Span<float> pixels) => (Vector128.ConvertToSingle(values.AsInt32()) / Vector128.Create(255f)).CopyTo(pixels);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Scale(Vector<ushort> values, Span<float> pixels)
    {
        Vector.Widen(values, out var low, out var high);
        (Vector.ConvertToSingle(low.As<uint, int>()) / new Vector<float>(255)).CopyTo(pixels);
        (Vector.ConvertToSingle(high.As<uint, int>()) / new Vector<float>(255)).CopyTo(pixels[Vector<float>.Count..]);
    }
}
