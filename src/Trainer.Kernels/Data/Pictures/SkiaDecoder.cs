using System.Runtime.Intrinsics;
using SkiaSharp;

namespace Trainer.Kernels.Data.Pictures;

/// <summary>
/// Decodes PNG, JPEG, WebP and BMP to RGB, as PIL's convert('RGB'): no colour management, no rotation by EXIF, alpha dropped and not premultiplied. For one thread at a time.
/// </summary>
internal sealed class SkiaDecoder
{
    /// <summary>Of four pixels.</summary>
    private static readonly Vector128<byte> WithoutAlpha = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 255, 255, 255, 255);

    private byte[] _rgba = [];

    /// <summary>Height and width, from the file's first bytes.</summary>
    /// <exception cref="BrokenSampleException">Its format is none of these.</exception>
    public static unsafe PictureForm Describe(string name, ReadOnlySpan<byte> file)
    {
        fixed (byte* bytes = file)
        {
            using var data = SKData.Create((nint)bytes, file.Length);
            using var codec = Open(name, file, data);
            return new PictureForm(3, codec.Info.Height, codec.Info.Width);
        }
    }

    /// <param name="name">For messages.</param>
    /// <param name="part">As <see cref="PictureDecoder.Decode"/> takes it.</param>
    /// <exception cref="BrokenSampleException">It is empty, of another format, ends early or is damaged.</exception>
    public unsafe void Decode(string name, ReadOnlySpan<byte> file, Picture picture, Func<int, int, Area>? part)
    {
        fixed (byte* bytes = file)
        {
            using var data = SKData.Create((nint)bytes, file.Length);
            using var codec = Open(name, file, data);
            var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, codec.Info.AlphaType == SKAlphaType.Opaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul);
            var length = CheckedLength(name, info);
            if (_rgba.Length < length)
            {
                _rgba = new byte[length];
            }

            SKCodecResult result;
            fixed (byte* pixels = _rgba)
            {
                result = codec.GetPixels(info, (nint)pixels);
            }

            Check(name, file, codec, result);
            DropAlpha(_rgba.AsSpan(0, length), info.Width, part?.Invoke(info.Height, info.Width) ?? new Area(0, 0, info.Height, info.Width), picture);
        }
    }

    private static SKCodec Open(string name, ReadOnlySpan<byte> file, SKData data)
    {
        const string expected = "a PNG, JPEG, WebP or BMP image";
        if (file.IsEmpty)
        {
            throw new BrokenSampleException(name, $"is empty; expected {expected}");
        }

        return SKCodec.Create(data) ?? throw new BrokenSampleException(name, FileKind.Of(file) switch
        {
            null => $"begins with {Convert.ToHexStringLower(file[..Math.Min(8, file.Length)])} at offset 0; expected {expected}",
            var kind when kind.EndsWith("image", StringComparison.Ordinal) => $"begins as {kind} and its header is damaged; expected {expected}",
            var kind => $"is {kind}; expected {expected}",
        });
    }

    private static int CheckedLength(string name, SKImageInfo info)
    {
        var length = 4L * info.Width * info.Height;
        return length is > 0 and <= int.MaxValue
            ? (int)length
            : throw new BrokenSampleException(name, $"has {info.Width}x{info.Height} pixels, which are {length} bytes; expected at most {int.MaxValue}");
    }

    private static void Check(string name, ReadOnlySpan<byte> file, SKCodec codec, SKCodecResult result)
    {
        if (result != SKCodecResult.Success)
        {
            var size = $"{codec.Info.Width}x{codec.Info.Height} {codec.EncodedFormat}".ToLowerInvariant();
            throw new BrokenSampleException(name, result == SKCodecResult.IncompleteInput
                ? $"ends at offset {file.Length}, within its pixels; expected a whole {size} image"
                : $"is a damaged {size} image of {file.Length} bytes ({result})");
        }
    }

    private static void DropAlpha(ReadOnlySpan<byte> rgba, int width, Area part, Picture picture)
    {
        picture.Reshape(part.Height, part.Width, 3);
        for (var y = 0; y < part.Height; y++)
        {
            DropAlpha(rgba.Slice(4 * (((part.Top + y) * width) + part.Left), 4 * part.Width), picture.Row(y));
        }
    }

    private static void DropAlpha(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        var (from, to) = (0, 0);
        for (; to <= rgb.Length - Vector128<byte>.Count; from += 16, to += 12)
        {
            Vector128.Shuffle(Vector128.Create(rgba.Slice(from, 16)), WithoutAlpha).CopyTo(rgb[to..]); // the last four bytes are written again
        }

        for (; from < rgba.Length; from += 4, to += 3)
        {
            (rgb[to], rgb[to + 1], rgb[to + 2]) = (rgba[from], rgba[from + 1], rgba[from + 2]);
        }
    }
}
