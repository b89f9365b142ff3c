using Trainer.Kernels.Data.Jpeg;

namespace Trainer.Kernels.Data.Pictures;

/// <summary>
/// Decodes PNG, JPEG, WebP and BMP to RGB, as PIL's convert('RGB'): no colour management, no rotation by EXIF, alpha dropped and not premultiplied. For one thread at a time.
/// </summary>
/// <remarks>
/// Most JPEGs by vectors (<see cref="JpegDecoder"/>), everything else by Skia, whose pixels are the same: which of them it was cannot be seen, and machines without the instructions get the same
/// numbers.
/// </remarks>
internal sealed class PictureDecoder
{
    private readonly SkiaDecoder _skia = new();
    private readonly JpegDecoder? _jpeg = JpegDecoder.IsSupported ? new JpegDecoder() : null;

    /// <summary>Height and width, from the file's first bytes.</summary>
    /// <exception cref="BrokenSampleException">Its format is none of these.</exception>
    public static PictureForm Describe(string name, ReadOnlySpan<byte> file) => SkiaDecoder.Describe(name, file);

    /// <param name="name">For messages.</param>
    /// <param name="part">What of the picture is wanted, by its height and width; it may be asked twice. Null: all of it.</param>
    /// <exception cref="BrokenSampleException">It is empty, of another format, ends early or is damaged, whether the part is or not.</exception>
    public void Decode(string name, ReadOnlySpan<byte> file, Picture picture, Func<int, int, Area>? part = null)
    {
        if (_jpeg is null || !_jpeg.TryDecode(file, picture, part))
        {
            _skia.Decode(name, file, picture, part);
        }
    }
}
