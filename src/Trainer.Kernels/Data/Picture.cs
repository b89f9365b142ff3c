namespace Trainer.Kernels.Data;

/// <summary>An image as bytes: rows from the top, the channels of a pixel side by side, (H, W, C). Its memory grows with the images that it has held, and is used again.</summary>
public sealed class Picture
{
    private byte[] _pixels = [];

    public int Height { get; private set; }

    public int Width { get; private set; }

    public int Channels { get; private set; }

    public Span<byte> Pixels => _pixels.AsSpan(0, Height * Width * Channels);

    /// <summary>Gives it a size; its pixels are of no meaning then.</summary>
    /// <returns>The pixels.</returns>
    public Span<byte> Reshape(int height, int width, int channels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        var length = checked(height * width * channels);
        if (_pixels.Length < length)
        {
            _pixels = new byte[length];
        }

        (Height, Width, Channels) = (height, width, channels);
        return Pixels;
    }

    public Span<byte> Row(int y) => _pixels.AsSpan(y * Width * Channels, Width * Channels);

    public void CopyTo(Picture other) => Pixels.CopyTo(other.Reshape(Height, Width, Channels));

    /// <summary>From planes, (C, H, W).</summary>
    internal void Interleave(ReadOnlySpan<byte> planes, Shape shape)
    {
        var pixels = Reshape(shape[1], shape[2], shape[0]);
        var plane = shape[1] * shape[2];
        for (var c = 0; c < Channels; c++)
        {
            for (var i = 0; i < plane; i++)
            {
                pixels[(i * Channels) + c] = planes[(c * plane) + i];
            }
        }
    }
}
