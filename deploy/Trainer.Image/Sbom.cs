using System.Text.Json.Nodes;

namespace Trainer.Image;

/// <summary>The bill of materials of an image: what CycloneDX says of the program's packages, and what it cannot know of, .NET itself and the packages of the base.</summary>
internal static class Sbom
{
    /// <param name="bom">As CycloneDX wrote it.</param>
    /// <param name="assets">The project's project.assets.json, which names the runtime packs.</param>
    /// <param name="packages">Of each of Debian's packages in the base its control file; none where the base is another, which has a bill of its own.</param>
    public static JsonNode Complete(JsonNode bom, JsonNode assets, IReadOnlyList<string> packages, DateTimeOffset time)
    {
        bom["metadata"]!["timestamp"] = Oci.Time(time);
        var components = bom["components"]!.AsArray();
        foreach (var runtime in assets["project"]!["frameworks"]!.AsObject().SelectMany(framework => framework.Value!["downloadDependencies"]?.AsArray() ?? []))
        {
            if ((string)runtime!["name"]! is var name && name.Contains(".Runtime.", StringComparison.Ordinal))
            {
                var version = ((string)runtime["version"]!).Trim('[', ']').Split(',')[0];
                components.Add(Component(name, version, $"pkg:nuget/{name}@{version}"));
            }
        }

        foreach (var fields in packages.Select(Fields))
        {
            components.Add(Component(fields["Package"], fields["Version"], $"pkg:deb/debian/{fields["Package"]}@{Uri.EscapeDataString(fields["Version"])}?arch={fields["Architecture"]}"));
        }

        return bom;
    }

    private static JsonObject Component(string name, string version, string purl) => new()
    {
        ["type"] = "library",
        ["bom-ref"] = purl,
        ["name"] = name,
        ["version"] = version,
        ["purl"] = purl,
    };

    private static Dictionary<string, string> Fields(string control) => control.Split('\n')
        .Where(line => !line.StartsWith(' '))
        .Select(line => line.Split(": ", 2))
        .Where(field => field.Length == 2)
        .ToDictionary(field => field[0], field => field[1], StringComparer.Ordinal);
}
