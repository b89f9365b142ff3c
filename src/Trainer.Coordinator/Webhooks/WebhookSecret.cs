using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Trainer.Coordinator.Webhooks;

/// <summary>The key that webhooks are signed with, as the Standard Webhooks specification writes it: whsec_ and 24 to 64 bytes in base64.</summary>
/// <seealso href="https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md"/>
public sealed class WebhookSecret
{
    public const string Expected = "whsec_ and 24 to 64 bytes in base64";

    private const string Prefix = "whsec_";

    private readonly byte[] _key;

    private WebhookSecret(byte[] key) => _key = key;

    public static bool TryParse(string text, [NotNullWhen(true)] out WebhookSecret? secret)
    {
        secret = null;
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || !Base64.IsValid(text.AsSpan(Prefix.Length), out var length) || length is < 24 or > 64)
        {
            return false;
        }

        secret = new WebhookSecret(Convert.FromBase64String(text[Prefix.Length..]));
        return true;
    }

    /// <summary>The header webhook-signature.</summary>
    /// <param name="seconds">Of the header webhook-timestamp: since 1970.</param>
    public string Sign(string id, long seconds, string body) =>
        $"v1,{Convert.ToBase64String(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{id}.{seconds.ToString(CultureInfo.InvariantCulture)}.{body}")))}";

    public override string ToString() => Prefix + "...";
}
