using System.Text.Json.Nodes;

namespace Trainer.Image;

/// <summary>Takes out of an image what the moment and the process of its making put there, so that the same files have the same digest.</summary>
/// <remarks>
/// The SDK's container targets write the time of day into each file of their layer, the configuration and its history, and the layer's files in the order and with the
/// process id that they met (github.com/dotnet/sdk, pull request 55689, mends that for later ones). Layers of the base stay as they are.
/// </remarks>
internal static class Sealing
{
    public static Oci Seal(Oci image, DateTimeOffset time)
    {
        var layer = Layer.Rewritten(new MemoryStream(image.Layers[^1].Bytes), time);
        var config = JsonNode.Parse(image.Config.Bytes)!;
        config["created"] = Oci.Time(time);
        config["rootfs"]!["diff_ids"]!.AsArray()[^1] = layer.Difference;
        config["history"]!.AsArray()[^1]!["created"] = Oci.Time(time);
        return new Oci(config, [.. image.Layers.SkipLast(1), layer.Blob]);
    }
}
