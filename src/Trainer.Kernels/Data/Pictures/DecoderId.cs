using System.Security.Cryptography;
using System.Text;

namespace Trainer.Kernels.Data.Pictures;

/// <summary>
/// Tells decoders apart by what they do: a hash of the pixels that built-in pictures (Samples; made by PIL) decode to, of every format and most kinds of each. A library's version does not say it: other
/// processors may take other ways.
/// </summary>
internal static class DecoderId
{
    private const string Prefix = "decoder/";

    private static readonly Lazy<string> Computed = new(Compute);

    /// <summary>16 hexadecimal digits.</summary>
    public static string Value => Computed.Value;

    private static string Compute()
    {
        var (assembly, decoder, picture) = (typeof(DecoderId).Assembly, new PictureDecoder(), new Picture());
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var content = assembly.GetManifestResourceStream(name)!;
            var file = new byte[content.Length];
            content.ReadExactly(file);
            sum.AppendData(Encoding.UTF8.GetBytes(name));
            try
            {
                decoder.Decode(name, file, picture);
                sum.AppendData(picture.Pixels);
            }
            catch (BrokenSampleException)
            {
                sum.AppendData([0]); // One that this decoder does not know tells it apart as well.
            }
        }

        return Convert.ToHexStringLower(sum.GetHashAndReset().AsSpan(0, 8));
    }
}
