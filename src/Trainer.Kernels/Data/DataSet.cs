using System.Numerics;
using System.Security.Cryptography;
using Trainer.Kernels.Randomness;

namespace Trainer.Kernels.Data;

/// <summary>
/// Images as bytes (N, C, H, W) with class indices. Pixels become floats v / 255, as torchvision's ToTensor, and go through an
/// <see cref="ImageTransform"/>. Not for several threads at a time.
/// </summary>
public sealed class DataSet
{
    private readonly byte[] _pixels;
    private readonly byte[] _labels;
    private readonly int _labelOffset;
    private readonly Shape _stored;
    private readonly int _stride;
    private readonly int[]? _selection;
    private readonly ImageTransform _transform;
    private readonly BilinearResize? _resize;
    private readonly float[] _image;

    private DataSet(Shape stored, byte[] pixels, byte[] labels, int labelOffset, int count, LabelSet occurring, int[]? selection, ImageTransform transform)
    {
        (_stored, _pixels, _labels, _labelOffset, _selection, _transform) = (stored, pixels, labels, labelOffset, selection, transform);
        (Count, Labels) = (count, occurring);
        (Shape, _stride) = (transform.OutputShape(stored), (int)stored.Elements);
        _resize = Shape == stored ? null : new BilinearResize(stored[1], stored[2], Shape[1], Shape[2]);
        _image = _resize is null ? [] : new float[_stride];
    }

    public int Count { get; }

    /// <summary>Per sample, (C, H, W), transformed.</summary>
    public Shape Shape { get; }

    /// <summary>Which labels occur, in the whole of which this may be a part.</summary>
    public LabelSet Labels { get; }

    /// <summary>One more than the largest label.</summary>
    public int Classes => Labels.Classes();

    /// <summary>Images (N,C,H,W), or (N,H,W) of one channel, and labels (N) from IDX files of unsigned bytes; gzip where a name ends in <c>.gz</c>.</summary>
    /// <param name="labelOffset">Taken from every label: 1 for labels that start at 1.</param>
    /// <exception cref="DataFileException">Naming file, offset, found and expected.</exception>
    public static DataSet FromIdx(string images, string labels, int labelOffset = 0) =>
        From(IdxFile.Read(images, [3, 4]), IdxFile.Read(labels, [1]), labelOffset);

    /// <summary>Images without labels, likewise; every label reads 0.</summary>
    /// <exception cref="DataFileException">Naming file, offset, found and expected.</exception>
    public static DataSet FromIdx(string images)
    {
        var file = IdxFile.Read(images, [3, 4]);
        var labels = new byte[file.Dimensions[0]];
        return new DataSet(ShapeOf(file), file.Content, labels, 0, labels.Length, LabelSet.Of(labels), null, new ImageTransform());
    }

    internal static DataSet From(IdxFile images, IdxFile labels, int labelOffset = 0)
    {
        var count = images.Dimensions[0];
        if (labels.Dimensions[0] != count)
        {
            throw new DataFileException(
                labels.Path, $"{labels.Dimensions[0]} labels at offset {IdxFile.FirstDimensionOffset}; expected {count}, as many as images in {images.Path}");
        }

        var occurring = LabelSet.Of(labels.Content, labelOffset);
        return new DataSet(ShapeOf(images), images.Content, labels.Content, labelOffset, count, occurring, null, new ImageTransform());
    }

    /// <summary>The first <paramref name="count"/> samples, with the classes of the whole; shares its memory.</summary>
    public DataSet Take(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Count);
        return new DataSet(_stored, _pixels, _labels, _labelOffset, count, Labels, _selection, _transform);
    }

    /// <summary>The same samples through another transform; shares the memory.</summary>
    /// <exception cref="ArgumentException">It does not fit the images.</exception>
    public DataSet With(ImageTransform transform) => new(_stored, _pixels, _labels, _labelOffset, Count, Labels, _selection, transform);

    /// <summary>
    /// Cuts off <paramref name="samples"/> samples, chosen by <paramref name="seed"/> alone, for validation; both parts keep the samples' order and share the memory.
    /// </summary>
    public (DataSet Train, DataSet Validation) Split(int samples, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(samples, Count);
        var order = new int[Count];
        EpochOrder.Shuffle(order, seed, 0, RandomPurpose.ValidationSplit);
        var isChosen = new bool[Count];
        foreach (var sample in order.AsSpan(0, samples))
        {
            isChosen[sample] = true;
        }

        return (Select(sample => !isChosen[sample]), Select(sample => isChosen[sample]));
    }

    /// <summary>Writes sample <paramref name="index"/> as floats to <paramref name="pixels"/> and returns its label.</summary>
    public int Read(int index, Span<float> pixels)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        var sample = _selection?[index] ?? index;
        var source = _pixels.AsSpan(sample * _stride, _stride);
        if (_resize is null)
        {
            Convert(source, pixels);
        }
        else
        {
            Convert(source, _image);
            Resize(_resize, pixels);
        }

        _transform.Normalize(pixels[..(int)Shape.Elements], Shape[0]);
        return _labels[sample] - _labelOffset;
    }

    /// <summary>Tells data sets apart: 16 hexadecimal digits of a SHA-256 over sizes, images and labels of each, as they were read.</summary>
    public static string Fingerprint(params ReadOnlySpan<DataSet> sets)
    {
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var set in sets)
        {
            set.AddTo(sum);
        }

        return System.Convert.ToHexStringLower(sum.GetHashAndReset().AsSpan(0, 8));
    }

    private void AddTo(IncrementalHash sum)
    {
        int[] sizes = [Count, _stored[0], _stored[1], _stored[2], _labelOffset];
        foreach (var size in sizes)
        {
            sum.AppendData(BitConverter.GetBytes(size)); // Little-endian everywhere that this runs.
        }

        if (_selection is null)
        {
            sum.AppendData(_pixels.AsSpan(0, Count * _stride));
            sum.AppendData(_labels.AsSpan(0, Count));
            return;
        }

        foreach (var sample in _selection.AsSpan(0, Count))
        {
            sum.AppendData(_pixels.AsSpan(sample * _stride, _stride));
            sum.AppendData(_labels.AsSpan(sample, 1));
        }
    }

    private static Shape ShapeOf(IdxFile images)
    {
        ReadOnlySpan<int> image = images.Dimensions.AsSpan(1);
        return image.Length == 2 ? new Shape(1, image[0], image[1]) : new Shape(image);
    }

    private DataSet Select(Func<int, bool> isWanted)
    {
        int[] selection = [.. Enumerable.Range(0, Count).Where(isWanted).Select(sample => _selection?[sample] ?? sample)];
        return new DataSet(_stored, _pixels, _labels, _labelOffset, selection.Length, Labels, selection, _transform);
    }

    private void Resize(BilinearResize resize, Span<float> pixels)
    {
        var (from, to) = (_stored[1] * _stored[2], Shape[1] * Shape[2]);
        for (var channel = 0; channel < Shape[0]; channel++)
        {
            resize.Run(_image.AsSpan(channel * from, from), pixels.Slice(channel * to, to));
        }
    }

    private static void Convert(ReadOnlySpan<byte> source, Span<float> pixels)
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
