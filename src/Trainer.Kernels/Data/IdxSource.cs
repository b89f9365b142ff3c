using System.Buffers.Binary;

namespace Trainer.Kernels.Data;

/// <summary>Images and labels in IDX files.</summary>
internal static class IdxSource
{
    /// <summary>Plain files of images with more bytes than this are read where they lie.</summary>
    public const long MostInMemory = 1L << 30;

    /// <param name="labels">Null: every label reads 0.</param>
    /// <param name="imagesSha256">Of the decompressed file, checked once it is loaded; null: any.</param>
    /// <param name="labelsSha256">Likewise, checked now.</param>
    /// <exception cref="DataFileException">Naming file, offset, found and expected.</exception>
    public static PlaneSource Open(
        string images, string? labels, string? imagesSha256 = null, string? labelsSha256 = null, IReadOnlyList<string>? classNames = null)
    {
        var file = IdxFile.Open(images, [3, 4]);
        var read = labels is null ? new int[file.Dimensions[0]] : ReadLabels(labels, labelsSha256, file);
        return new PlaneSource(images, ShapeOf(file), PlanesOf(file, imagesSha256), read, classNames ?? []);
    }

    private static int[] ReadLabels(string path, string? sha256, IdxFile images)
    {
        var file = IdxFile.Open(path, [1], IdxFile.UnsignedByte, IdxFile.Short, IdxFile.Whole);
        if (file.Dimensions[0] != images.Dimensions[0])
        {
            throw new DataFileException(
                path, $"{file.Dimensions[0]} labels at offset {IdxFile.FirstDimensionOffset}; expected {images.Dimensions[0]}, as many as images in {images.Path}");
        }

        var content = file.Read(sha256);
        var labels = new int[file.Dimensions[0]];
        for (var i = 0; i < labels.Length; i++)
        {
            labels[i] = file.ElementBytes switch
            {
                1 => content[i],
                2 => BinaryPrimitives.ReadInt16BigEndian(content.AsSpan(2 * i)),
                _ => BinaryPrimitives.ReadInt32BigEndian(content.AsSpan(4 * i)),
            };
        }

        return labels;
    }

    private static Shape ShapeOf(IdxFile images)
    {
        ReadOnlySpan<int> image = images.Dimensions.AsSpan(1);
        return image.Length == 2 ? new Shape(1, image[0], image[1]) : new Shape(image);
    }

    private static IPlanes PlanesOf(IdxFile file, string? sha256)
    {
        var bytes = file.Bytes / file.Dimensions[0];
        if (bytes > Array.MaxLength)
        {
            throw new DataFileException(file.Path, $"images of {bytes} bytes; expected at most {Array.MaxLength}");
        }

        return file.IsCompressed || file.Bytes <= MostInMemory
            ? new IdxPlanes(file, (int)bytes, sha256)
            : new FilePlanes(file.Path, file.ContentOffset, (int)bytes);
    }

    /// <summary>Planes of a file that is read as a whole.</summary>
    private sealed class IdxPlanes(IdxFile file, int stride, string? sha256) : IPlanes
    {
        private byte[]? _content;

        public bool AreInMemory => true;

        public void Load() => _content ??= file.Read(sha256);

        public ReadOnlySpan<byte> Of(int index, Span<byte> scratch) => _content.AsSpan(index * stride, stride);
    }
}
