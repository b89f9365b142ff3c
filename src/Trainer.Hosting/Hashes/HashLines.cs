using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Trainer.Hosting.Hashes;

/// <summary>The lines of a file of step hashes.</summary>
/// <remarks>
/// <code>
/// trainer-step-hashes 1 job=6ed2ujta4p generation=1.3 numerics=canonical-4 data=5f0c33a1b29e44d7 5a0b1c2d
/// 37 36 90b5dc3a11f2a6e4 1f2e3d4c
/// </code>
/// The first line has the format's version, then what the hashes were computed from and with. Each of the others has item, step and hash. Every line ends with its seal:
/// the first 4 bytes of the SHA-256 of job, generation and the line up to there. A line that was torn off, altered or taken from another file does not bear it.
/// Values of the first line are escaped as in URLs.
/// </remarks>
internal static class HashLines
{
    private const string Magic = "trainer-step-hashes";
    private const string Version = "1";

    public static string Head(HashOrigin origin) => Sealed(
        origin.Job, origin.Term, origin.Number,
        $"{Magic} {Version} job={Uri.EscapeDataString(origin.Job)} generation={origin.Term}.{origin.Number} numerics={Uri.EscapeDataString(origin.Numerics)} data={Uri.EscapeDataString(origin.Data)}");

    public static string Of(HashOrigin origin, StepHash hash) =>
        Sealed(origin.Job, origin.Term, origin.Number, string.Create(CultureInfo.InvariantCulture, $"{hash.Item} {hash.Step} {hash.Hash:x16}"));

    /// <summary>Null: the line is not whole, or of a version that this release does not read.</summary>
    public static HashOrigin? ReadHead(string line)
    {
        if (line.Split(' ') is not [Magic, Version, var job, var generation, var numerics, var data, _] || Value(generation, "generation").Split('.') is not [var term, var number]
            || !ulong.TryParse(term, CultureInfo.InvariantCulture, out var t) || !ulong.TryParse(number, CultureInfo.InvariantCulture, out var n))
        {
            return null;
        }

        var origin = new HashOrigin(Value(job, "job"), t, n, Value(numerics, "numerics"), Value(data, "data"));
        return Head(origin) == line ? origin : null;
    }

    /// <summary>Null: the line is not whole.</summary>
    public static StepHash? Read(HashOrigin origin, string line) =>
        line.Split(' ') is [var item, var step, var hash, _] && ulong.TryParse(item, CultureInfo.InvariantCulture, out var i) && ulong.TryParse(step, CultureInfo.InvariantCulture, out var s)
            && ulong.TryParse(hash, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var h) && new StepHash(i, s, h) is var read && Of(origin, read) == line
            ? read
            : null;

    private static string Value(string pair, string name) =>
        pair.StartsWith(name + "=", StringComparison.Ordinal) ? Uri.UnescapeDataString(pair[(name.Length + 1)..]) : "";

    private static string Sealed(string job, ulong term, ulong number, string line)
    {
        var seal = SHA256.HashData(Encoding.UTF8.GetBytes($"{job} {term}.{number} {line}"));
        return $"{line} {Convert.ToHexStringLower(seal.AsSpan(0, 4))}";
    }
}
