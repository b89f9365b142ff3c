using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Trainer.Image;

/// <summary>Content that is known by its hash: a layer, a configuration, a manifest.</summary>
internal sealed class Blob(string mediaType, byte[] bytes)
{
    public string MediaType => mediaType;

    public byte[] Bytes => bytes;

    public string Digest { get; } = DigestOf(bytes);

    public JsonObject Descriptor => new() { ["mediaType"] = mediaType, ["digest"] = Digest, ["size"] = bytes.Length };

    public static string DigestOf(ReadOnlySpan<byte> bytes) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(bytes))}";
}
