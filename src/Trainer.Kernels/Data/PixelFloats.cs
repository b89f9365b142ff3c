using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Trainer.Kernels.Data;

/// <summary>Bytes to floats, v / 255, as torchvision's ToTensor.</summary>
internal static class PixelFloats
{
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
        ref var quotients = ref MemoryMarshal.GetArrayDataReference(Quotients);
        for (int i = 0, from = 0; i < r.Length && i < g.Length && i < b.Length; i++, from += 3)
        {
            var pixel = pixels.Slice(from, 3);
            (r[i], g[i], b[i]) = (Unsafe.Add(ref quotients, pixel[0]), Unsafe.Add(ref quotients, pixel[1]), Unsafe.Add(ref quotients, pixel[2]));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Scale(Vector<ushort> values, Span<float> pixels)
    {
        Vector.Widen(values, out var low, out var high);
        (Vector.ConvertToSingle(low.As<uint, int>()) / new Vector<float>(255)).CopyTo(pixels);
        (Vector.ConvertToSingle(high.As<uint, int>()) / new Vector<float>(255)).CopyTo(pixels[Vector<float>.Count..]);
    }
}
