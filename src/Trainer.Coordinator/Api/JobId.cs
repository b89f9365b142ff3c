using System.Security.Cryptography;
using System.Text;

namespace Trainer.Coordinator.Api;

/// <summary>A job's id follows from the id of the request that makes it: the same request finds the job that it made before.</summary>
internal static class JobId
{
    private const int Letters = 10;
    private const string Alphabet = "abcdefghijkmnpqrstuvwxyz23456789"; // no l, o, 0, 1: ids are read aloud and typed

    /// <summary>Whether it is one that <see cref="From"/> may have made.</summary>
    public static bool IsOne(string text) => text.Length == Letters && text.All(Alphabet.Contains);

    /// <summary>50 bits of the SHA-256 of <paramref name="requestId"/>.</summary>
    public static string From(string requestId)
    {
        var bits = BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes(requestId)));
        return string.Create(Letters, bits, (text, rest) =>
        {
            for (var i = 0; i < text.Length; i++, rest >>= 5)
            {
                text[i] = Alphabet[(int)(rest & 31)];
            }
        });
    }
}
