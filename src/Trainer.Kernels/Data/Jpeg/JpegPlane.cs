namespace Trainer.Kernels.Data.Jpeg;

/// <summary>A component's samples. Its memory is used again.</summary>
internal sealed class JpegPlane
{
    private byte[] _samples = [];

    /// <summary>Samples that the picture has of it; blocks may reach beyond.</summary>
    public int Width { get; private set; }

    public int Height { get; private set; }

    public int Stride { get; private set; }

    /// <param name="stride">Of whole blocks.</param>
    /// <param name="rows">Of whole blocks.</param>
    public void Reshape(int height, int width, int stride, int rows)
    {
        (Height, Width, Stride) = (height, width, stride);
        if (_samples.Length < stride * rows)
        {
            _samples = new byte[stride * rows];
        }
    }

    /// <summary>Of a block: from its first sample on.</summary>
    public Span<byte> Block(int row, int column) => _samples.AsSpan((8 * row * Stride) + (8 * column));

    /// <summary>That many, from the first; the nearest one where it has no such row.</summary>
    public ReadOnlySpan<byte> Row(int row) => _samples.AsSpan(Math.Clamp(row, 0, Height - 1) * Stride, Width);
}
