using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;

namespace Trainer.Image;

/// <summary>An image as the OCI image specification has it: a configuration, layers, and the manifest that names them. Its digest is the manifest's.</summary>
internal sealed class Oci
{
    public const string LayerType = "application/vnd.oci.image.layer.v1.tar+gzip";
    public const string ConfigType = "application/vnd.oci.image.config.v1+json";
    public const string ManifestType = "application/vnd.oci.image.manifest.v1+json";
    public const string IndexType = "application/vnd.oci.image.index.v1+json";

    public Oci(JsonNode config, IReadOnlyList<Blob> layers)
    {
        Config = Json(ConfigType, config);
        Layers = layers;
        Manifest = Json(ManifestType, new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = ManifestType,
            ["config"] = Config.Descriptor,
            ["layers"] = new JsonArray([.. layers.Select(layer => layer.Descriptor)]),
        });
    }

    public Blob Config { get; }

    public IReadOnlyList<Blob> Layers { get; }

    public Blob Manifest { get; }

    /// <summary>Bytes of all layers, as they are sent and as they lie on a node.</summary>
    public (long Compressed, long Unpacked) Size() => (Layers.Sum(layer => layer.Bytes.LongLength), Layers.Sum(Unpacked));

    /// <summary>As RFC 3339 writes it.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);

    public static Blob Json(string mediaType, JsonNode json) => new(mediaType, Encoding.UTF8.GetBytes(json.ToJsonString()));

    private static long Unpacked(Blob layer)
    {
        using var gzip = new GZipStream(new MemoryStream(layer.Bytes), CompressionMode.Decompress);
        var buffer = new byte[1 << 16];
        long size = 0;
        for (int read; (read = gzip.Read(buffer)) > 0;)
        {
            size += read;
        }

        return size;
    }
}
