namespace Trainer.Kernels.Data;

/// <summary>What a file is that is not what was expected, told by its first bytes: for messages.</summary>
internal static class FileKind
{
    /// <summary>First bytes that tell, in hex, and the file in words.</summary>
    private static readonly (byte[] Start, string Name)[] Known =
    [
        (Convert.FromHexString("89504e47"), "a PNG image"),
        (Convert.FromHexString("ffd8ff"), "a JPEG image"),
        (Convert.FromHexString("47494638"), "a GIF image"),
        (Convert.FromHexString("52494646"), "a RIFF file, as WebP images are"),
        (Convert.FromHexString("1f8b"), "a gzip file, whose name must end in .gz"),
        (Convert.FromHexString("504b0304"), "a zip file, as torch.save and numpy.savez write"),
        (Convert.FromHexString("934e554d"), "a NumPy file"),
        (Convert.FromHexString("89484446"), "an HDF5 file"),
        (Convert.FromHexString("8002"), "a Python pickle"),
        (Convert.FromHexString("00000801"), "an IDX file of labels"),
        (Convert.FromHexString("00000803"), "an IDX file of images"),
        (Convert.FromHexString("00000804"), "an IDX file of images"),
    ];

    /// <param name="start">The first bytes of the file; four or more tell best.</param>
    /// <returns>"a PNG image"; null where the bytes say nothing.</returns>
    public static string? Of(ReadOnlySpan<byte> start)
    {
        foreach (var (first, name) in Known)
        {
            if (start.StartsWith(first))
            {
                return name;
            }
        }

        return start.Length >= sizeof(int) && !start.ContainsAnyExcept(Text) ? "a text file" : null;
    }

    /// <summary>Printable ASCII, tab and the ends of lines.</summary>
    private static ReadOnlySpan<byte> Text => "\t\n\r !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"u8;
}
