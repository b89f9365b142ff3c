using System.Globalization;
using System.Text.Json.Nodes;

namespace Trainer.Image;

/// <summary>A base image of a folder of unpacked packages, in the place of .NET's: the same user, 1654, and the same variables.</summary>
internal static class BaseImage
{
    private const int App = 1654;

    /// <param name="architecture">amd64 or arm64.</param>
    public static Oci Of(string folder, string architecture)
    {
        // The time of no release: the layer stays the same for as long as its packages do.
        var layer = Layer.OfFolder(folder, DateTimeOffset.UnixEpoch, new Dictionary<string, int>(StringComparer.Ordinal) { ["home/app"] = App });
        var created = Oci.Time(DateTimeOffset.UnixEpoch);
        var config = new JsonObject
        {
            ["created"] = created,
            ["architecture"] = architecture,
            ["os"] = "linux",
            ["config"] = new JsonObject
            {
                ["User"] = App.ToString(CultureInfo.InvariantCulture),
                ["Env"] = new JsonArray(
                    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", $"APP_UID={App}", "ASPNETCORE_HTTP_PORTS=8080", "DOTNET_RUNNING_IN_CONTAINER=true",
                    "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=true"),
            },
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray(layer.Difference) },
            ["history"] = new JsonArray(new JsonObject { ["created"] = created, ["created_by"] = "deploy/image, of Debian packages" }),
        };
        return new Oci(config, [layer.Blob]);
    }
}
