namespace Trainer.Kernels.Data;

/// <summary>Images and labels in NumPy files: bytes (N, H, W), (N, C, H, W) or (N, H, W, C), and whole numbers (N). Images are read where they lie.</summary>
internal static class NpySource
{
    private static readonly string[] WholeNumbers = ["|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8"];

    /// <exception cref="DataFileException">Naming file, offset, found and expected.</exception>
    public static PlaneSource Open(string x, string y)
    {
        var images = NpyFile.Open(x, [3, 4], "|u1");
        var labels = NpyFile.Open(y, [1], WholeNumbers).ReadWholeNumbers();
        if (labels.Length != images.Dimensions[0])
        {
            throw new DataFileException(y, $"has {labels.Length} labels; expected {images.Dimensions[0]}, as many as images in {x}");
        }

        var (shape, isInterleaved) = FormOf(images);
        if (shape.Elements > Array.MaxLength)
        {
            throw new DataFileException(x, $"has images of {shape.Elements} bytes; expected at most {Array.MaxLength}");
        }

        var planes = new FilePlanes(x, images.ContentOffset, (int)shape.Elements);
        return new PlaneSource(x, shape, isInterleaved ? new InterleavedPlanes(planes, shape) : planes, labels, []);
    }

    private static (Shape Shape, bool IsInterleaved) FormOf(NpyFile images) => images.Dimensions switch
    {
        [_, var h, var w] => (new Shape(1, h, w), false),
        [_, var c and (1 or 3), var h, var w] => (new Shape(c, h, w), false),
        [_, var h, var w, var c and (1 or 3)] => (new Shape(c, h, w), true),
        var other => throw new DataFileException(images.Path, $"holds {string.Join(" x ", other)} bytes; expected 1 or 3 channels, in the second place or in the last"),
    };

    /// <summary>Planes of images whose channels stand side by side.</summary>
    private sealed class InterleavedPlanes(IPlanes images, Shape shape) : IPlanes
    {
        private readonly ThreadLocal<byte[]> _scratch = new(() => new byte[shape.Elements]);

        public bool AreInMemory => false;

        public void Load() => images.Load();

        public ReadOnlySpan<byte> Of(int index, Span<byte> scratch)
        {
            var (pixels, channels, plane) = (_scratch.Value!, shape[0], shape[1] * shape[2]);
            images.Of(index, pixels);
            for (var i = 0; i < pixels.Length; i++)
            {
                scratch[(i % channels * plane) + (i / channels)] = pixels[i];
            }

            return scratch;
        }
    }
}
