using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json.Nodes;
using Trainer.Image;

namespace Trainer.Cluster.Tests.Deploy;

/// <summary>What deploy/image does to an image that the SDK has written.</summary>
public sealed class SealingTests : IDisposable
{
    private static readonly DateTimeOffset Time = DateTimeOffset.FromUnixTimeSeconds(1_764_500_003);

    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-image-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_same_files_have_one_digest_whenever_and_in_whatever_order_they_were_written()
    {
        var one = Sealing.Seal(Written(DateTimeOffset.UnixEpoch.AddDays(3), "app/b", "app/a", "app/a/7"), Time);
        var other = Sealing.Seal(Written(DateTimeOffset.UnixEpoch.AddDays(5), "app/a", "app/a/7", "app/b"), Time);
        var changed = Sealing.Seal(Written(DateTimeOffset.UnixEpoch.AddDays(5), "app/a", "app/a/7", "app/c"), Time);

        Assert.Equal(one.Manifest.Digest, other.Manifest.Digest);
        Assert.NotEqual(one.Manifest.Digest, changed.Manifest.Digest);
        Assert.Equal(1, one.Layers.Zip(changed.Layers).Count(layers => layers.First.Digest == layers.Second.Digest)); // the base's
        Assert.Equal("2025-11-30T10:53:23Z", (string)JsonNode.Parse(one.Config.Bytes)!["created"]!);
    }

    [Fact]
    public void A_base_has_the_files_of_a_folder_and_not_what_is_behind_its_links()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "home/app"));
        File.WriteAllText(Path.Combine(_folder, "home/file"), "content");
        File.CreateSymbolicLink(Path.Combine(_folder, "link"), "/proc/self");

        using var tar = new TarReader(new GZipStream(new MemoryStream(BaseImage.Of(_folder, "arm64").Layers[0].Bytes), CompressionMode.Decompress));
        var entries = new List<(string, TarEntryType, int)>();
        while (tar.GetNextEntry() is { } entry)
        {
            entries.Add((entry.Name.TrimEnd('/'), entry.EntryType, entry.Uid));
        }

        Assert.Equal(
            [("home", TarEntryType.Directory, 0), ("home/app", TarEntryType.Directory, 1654), ("home/file", TarEntryType.RegularFile, 0), ("link", TarEntryType.SymbolicLink, 0)], entries);
    }

    [Fact]
    public void An_archive_is_read_as_it_was_written()
    {
        var image = Written(Time, "app/a");
        var file = Path.Combine(_folder, "image.tar");

        Archive.Write(file, image, ["trainer:dev", "example.com/trainer:7"], Time);

        Assert.Equal(image.Manifest.Digest, Archive.Image(Archive.Read(file)).Manifest.Digest);
    }

    [Fact]
    public void An_archive_that_is_no_image_is_refused()
    {
        var failure = Assert.Throws<InvalidDataException>(() => Archive.Image(new Dictionary<string, byte[]>(StringComparer.Ordinal)));

        Assert.Equal("the archive has no index.json; expected an OCI image layout", failure.Message);
    }

    [Fact]
    public void A_bill_of_materials_has_the_time_of_the_release_and_what_is_beside_the_packages()
    {
        var bom = JsonNode.Parse("""{"metadata":{"timestamp":"2026-11-30T20:12:05Z"},"components":[]}""")!;
        var assets = JsonNode.Parse("""
            {"project":{"frameworks":{"net10.0":{"downloadDependencies":[
                {"name":"Microsoft.NETCore.App.Runtime.linux-x64","version":"[10.0.12, 10.0.12]"},{"name":"Microsoft.NETCore.App.Crossgen2.linux-x64","version":"[10.0.12, 10.0.12]"}]}}}}
            """)!;

        var complete = Sbom.Complete(bom, assets, ["Package: libc6\nVersion: 2:2.36-9+deb12u14\nArchitecture: amd64\nDescription: GNU C Library\n Shared: libraries\n"], Time);

        Assert.Equal("2025-11-30T10:53:23Z", (string)complete["metadata"]!["timestamp"]!);
        Assert.Equal(
            ["pkg:nuget/Microsoft.NETCore.App.Runtime.linux-x64@10.0.12", "pkg:deb/debian/libc6@2%3A2.36-9%2Bdeb12u14?arch=amd64"],
            complete["components"]!.AsArray().Select(component => (string)component!["purl"]!));
    }

    [Fact]
    public void A_login_is_of_the_variables_or_of_dockers_file()
    {
        File.WriteAllText(Path.Combine(_folder, "config.json"), """{"auths":{"registry.example.com":{"auth":"YWRhOnNlY3JldA=="}},"credHelpers":{"other.example.com":"desktop"}}""");
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["DOCKER_CONFIG"] = _folder };

        Assert.Equal("YWRhOnNlY3JldA==", Login.For("registry.example.com", variables.GetValueOrDefault));
        Assert.Null(Login.For("third.example.com", variables.GetValueOrDefault));
        Assert.Contains("docker-credential-desktop keeps it", Assert.Throws<InvalidDataException>(() => Login.For("other.example.com", variables.GetValueOrDefault)).Message, StringComparison.Ordinal);
        variables["DOTNET_CONTAINER_REGISTRY_UNAME"] = "ada";
        variables["DOTNET_CONTAINER_REGISTRY_PWORD"] = "secret";
        Assert.Equal("YWRhOnNlY3JldA==", Login.For("other.example.com", variables.GetValueOrDefault));
    }

    [Fact]
    public void A_repository_without_a_registry_is_refused() => Assert.Equal(
        "--push is 'trainer'; expected REGISTRY/REPOSITORY, such as registry.example.com/trainer", Assert.Throws<InvalidDataException>(() => new Registry("trainer", login: null)).Message);

    /// <summary>A base's layer, and one as the SDK's targets write it: pax, with the time of day.</summary>
    private static Oci Written(DateTimeOffset now, params string[] files)
    {
        var config = JsonNode.Parse("""{"created":"?","rootfs":{"diff_ids":["sha256:0","?"]},"history":[{"created":"then"},{"created":"?"}]}""")!;
        return new Oci(config, [new Blob(Oci.LayerType, [7]), new Blob(Oci.LayerType, Compressed(now, files))]);
    }

    private static byte[] Compressed(DateTimeOffset now, string[] files)
    {
        var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionMode.Compress))
        using (var tar = new TarWriter(gzip, TarEntryFormat.Pax))
        {
            foreach (var file in files)
            {
                var isFolder = files.Any(other => other.StartsWith($"{file}/", StringComparison.Ordinal));
                var entry = new PaxTarEntry(isFolder ? TarEntryType.Directory : TarEntryType.RegularFile, file) { ModificationTime = now };
                if (!isFolder)
                {
                    entry.DataStream = new MemoryStream("content"u8.ToArray());
                }

                tar.WriteEntry(entry);
            }
        }

        return bytes.ToArray();
    }
}
