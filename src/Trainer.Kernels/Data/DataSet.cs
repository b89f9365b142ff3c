using System.Numerics;

namespace Trainer.Kernels.Data;

/// <summary>Images as bytes (N, C, H, W) with class indices. Pixels become floats v / 255, as torchvision's ToTensor.</summary>
public sealed class DataSet
{
    private readonly byte[] _pixels;
    private readonly byte[] _labels;
    private readonly int _stride;

    private DataSet(Shape shape, byte[] pixels, byte[] labels, int count, int classes)
    {
        (Shape, _pixels, _labels, Count, Classes) = (shape, pixels, labels, count, classes);
        _stride = (int)shape.Elements;
    }

    public int Count { get; }

    /// <summary>Per sample, (C, H, W).</summary>
    public Shape Shape { get; }

    /// <summary>One more than the largest label.</summary>
    public int Classes { get; }

    /// <summary>Images (N,C,H,W), or (N,H,W) of one channel, and labels (N) from IDX files of unsigned bytes; gzip where a name ends in <c>.gz</c>.</summary>
    /// <exception cref="DataFileException">Naming file, offset, found and expected.</exception>
    public static DataSet FromIdx(string images, string labels) => From(IdxFile.Read(images, [3, 4]), IdxFile.Read(labels, [1]));

    internal static DataSet From(IdxFile images, IdxFile labels)
    {
        var count = images.Dimensions[0];
        if (labels.Dimensions[0] != count)
        {
            throw new DataFileException(
                labels.Path, $"{labels.Dimensions[0]} labels at offset {IdxFile.FirstDimensionOffset}; expected {count}, as many as images in {images.Path}");
        }

        ReadOnlySpan<int> image = images.Dimensions.AsSpan(1);
        var shape = image.Length == 2 ? new Shape(1, image[0], image[1]) : new Shape(image);
        return new DataSet(shape, images.Content, labels.Content, count, labels.Content.Max() + 1);
    }

    /// <summary>The first <paramref name="count"/> samples, with the classes of the whole; shares its memory.</summary>
    public DataSet Take(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Count);
        return new DataSet(Shape, _pixels, _labels, count, Classes);
    }

    /// <summary>Writes sample <paramref name="index"/> as floats to <paramref name="pixels"/> and returns its label.</summary>
    public int Read(int index, Span<float> pixels)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        var source = _pixels.AsSpan(index * _stride, _stride);
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

        return _labels[index];
    }

    private static void Scale(Vector<ushort> values, Span<float> pixels)
    {
        Vector.Widen(values, out var low, out var high);
        (Vector.ConvertToSingle(low.As<uint, int>()) / new Vector<float>(255)).CopyTo(pixels);
        (Vector.ConvertToSingle(high.As<uint, int>()) / new Vector<float>(255)).CopyTo(pixels[Vector<float>.Count..]);
    }
}

/// <summary>A file from outside that is not what it should be.</summary>
public sealed class DataFileException(string file, string problem, Exception? inner = null) : IOException($"{file}: {problem}", inner)
{
    public string File { get; } = file;
}
