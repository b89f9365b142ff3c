using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Trainer.Protos;

/// <summary>Children of one container have different names.</summary>
internal static class LayerNames
{
    /// <summary>Fields that hold lists of layers, by name: <c>layers</c>, <c>shortcut</c>.</summary>
    public static IReadOnlyCollection<string> ListFields { get; } =
        [.. Layer.Descriptor.File.MessageTypes.SelectMany(message => message.Fields.InFieldNumberOrder()).Where(IsListOfLayers).Select(field => field.Name).Distinct()];

    public static IEnumerable<FieldViolation> Check(IReadOnlyList<Layer> layers, string path) => CheckChildren(Listed(layers, path));

    private static IEnumerable<FieldViolation> CheckChildren(IEnumerable<(Layer Layer, string Path)> children)
    {
        var named = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((var layer, var path) in children)
        {
            if (layer.HasName && !named.TryAdd(layer.Name, path))
            {
                yield return new($"{path}.name", $"'{layer.Name}' is the name of {named[layer.Name]} already");
            }

            foreach (var violation in CheckChildren(Children(layer, path)))
            {
                yield return violation;
            }
        }
    }

    /// <summary>All lists of layers within a message, at any depth above the layers themselves: those of a container share its names.</summary>
    public static IEnumerable<(Layer Layer, string Path)> Children(IMessage message, string path)
    {
        foreach (var field in message.Descriptor.Fields.InFieldNumberOrder().Where(field => field.FieldType == FieldType.Message))
        {
            var fieldPath = FieldPath.Join(path, field.Name);
            IEnumerable<(Layer, string)> children = field.Accessor.GetValue(message) switch
            {
                IReadOnlyList<Layer> layers => Listed(layers, fieldPath),
                IList messages => messages.Cast<IMessage>().SelectMany((child, i) => Children(child, $"{fieldPath}[{i}]")),
                IMessage child => Children(child, fieldPath),
                _ => [],
            };
            foreach (var child in children)
            {
                yield return child;
            }
        }
    }

    private static bool IsListOfLayers(FieldDescriptor field) =>
        field is { IsRepeated: true, FieldType: FieldType.Message } && field.MessageType == Layer.Descriptor;

    public static IEnumerable<(Layer Layer, string Path)> Listed(IReadOnlyList<Layer> layers, string path) =>
        layers.Select((layer, i) => (layer, $"{path}[{i}]"));
}
