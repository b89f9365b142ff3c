using System.Formats.Tar;
using System.Text.Json.Nodes;

namespace Trainer.Image;

/// <summary>An image in a tar file, in the layout of the OCI image specification, and with what docker load has read since before it (manifest.json), as docker save writes it.</summary>
internal static class Archive
{
    /// <summary>The content of each file, by its path.</summary>
    public static Dictionary<string, byte[]> Read(string file)
    {
        using var reader = new TarReader(File.OpenRead(file));
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        while (reader.GetNextEntry(copyData: true) is { } entry)
        {
            var content = new MemoryStream();
            entry.DataStream?.CopyTo(content);
            files[entry.Name] = content.ToArray();
        }

        return files;
    }

    /// <summary>The one image of an archive.</summary>
    public static Oci Image(Dictionary<string, byte[]> files)
    {
        var index = JsonNode.Parse(File("index.json"))!;
        var manifest = JsonNode.Parse(Content(index["manifests"]![0]!))!;
        var layers = manifest["layers"]!.AsArray().Select(layer => new Blob(TypeOf(layer!), Content(layer!)));
        return new Oci(JsonNode.Parse(Content(manifest["config"]!))!, [.. layers]);

        byte[] Content(JsonNode descriptor) => File($"blobs/{((string)descriptor["digest"]!).Replace(':', '/')}");
        byte[] File(string path) => files.TryGetValue(path, out var bytes) ? bytes : throw new InvalidDataException($"the archive has no {path}; expected an OCI image layout");

        // What a base of Docker's own format has; its bytes are the same.
        static string TypeOf(JsonNode layer) => (string)layer["mediaType"]! is var type && type == "application/vnd.docker.image.rootfs.diff.tar.gzip" ? Oci.LayerType : type;
    }

    /// <param name="names">What the image is called, with tags: trainer:dev.</param>
    public static void Write(string file, Oci image, IReadOnlyList<string> names, DateTimeOffset time)
    {
        var index = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = Oci.IndexType,
            ["manifests"] = new JsonArray([.. names.Select(name => Named(image.Manifest, name))]),
        };
        var forDocker = new JsonObject
        {
            ["Config"] = PathOf(image.Config),
            ["RepoTags"] = new JsonArray([.. names.Select(name => JsonValue.Create(name))]),
            ["Layers"] = new JsonArray([.. image.Layers.Select(layer => JsonValue.Create(PathOf(layer)))]),
        };
        using var tar = new TarWriter(File.Create(file), TarEntryFormat.Ustar);
        foreach (var blob in image.Layers.Append(image.Config).Append(image.Manifest).DistinctBy(blob => blob.Digest))
        {
            Add(PathOf(blob), blob.Bytes);
        }

        Add("index.json", Oci.Json(Oci.IndexType, index).Bytes);
        Add("manifest.json", Oci.Json("application/json", new JsonArray(forDocker)).Bytes);
        Add("oci-layout", """{"imageLayoutVersion":"1.0.0"}"""u8.ToArray());

        void Add(string path, byte[] bytes) => tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, path) { ModificationTime = time, DataStream = new MemoryStream(bytes) });
    }

    /// <summary>With both names by which containerd knows an image.</summary>
    private static JsonObject Named(Blob manifest, string name)
    {
        var descriptor = manifest.Descriptor;
        descriptor["annotations"] = new JsonObject
        {
            ["io.containerd.image.name"] = name.Contains('/', StringComparison.Ordinal) ? name : $"docker.io/library/{name}",
            ["org.opencontainers.image.ref.name"] = name[(name.LastIndexOf(':') + 1)..],
        };
        return descriptor;
    }

    private static string PathOf(Blob blob) => $"blobs/{blob.Digest.Replace(':', '/')}";
}
