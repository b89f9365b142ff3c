using System.Text.Json.Nodes;

namespace Trainer.Cluster.Tests.Deploy;

/// <summary>The image as deploy/image builds it here, on a base of Debian's packages, and what umoci unpacks of it. Built when it is first asked for; disposing deletes all of it.</summary>
public sealed class BuiltImage : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-image-").FullName;
    private readonly Lazy<Task> _built;

    public BuiltImage() => _built = new Lazy<Task>(BuildAsync);

    /// <summary>What deploy/image said.</summary>
    public string Said { get; private set; } = "";

    public string Archive => Directory.GetFiles(Path.Combine(_folder, "first"), "*.tar").Single();

    /// <summary>The image's root folder.</summary>
    public string Root => Path.Combine(_folder, "unpacked/rootfs");

    /// <summary>As an OCI runtime is told to start it.</summary>
    public JsonNode Process => JsonNode.Parse(File.ReadAllText(Path.Combine(_folder, "unpacked/config.json")))!["process"]!;

    /// <summary>Skips the test where that cannot be had.</summary>
    public Task NeedAsync()
    {
        ContainerTools.Need();
        return _built.Value;
    }

    public string Folder(string name) => Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Builds a source tree's image.</summary>
    public static Task<string> BuildAsync(string root, IReadOnlyDictionary<string, string> environment, params string[] more) =>
        ContainerTools.RunAsync(Path.Combine(root, "deploy/image"), environment, ["--base", "debian", .. more]);

    private async Task BuildAsync()
    {
        Said = await BuildAsync(Repository.Root, new Dictionary<string, string>(StringComparer.Ordinal), "--to", Folder("first"), "--source", "https://example.com/trainer");
        await ContainerTools.RunAsync("skopeo", "--insecure-policy", "copy", $"oci-archive:{Archive}:dev", $"oci:{_folder}/layout:dev");
        await ContainerTools.RunAsync("umoci", "unpack", "--rootless", "--image", $"{_folder}/layout:dev", Path.GetDirectoryName(Root)!);
    }
}
