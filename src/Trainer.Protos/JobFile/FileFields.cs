using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Trainer.Protos;

/// <summary>A file or folder that a job names.</summary>
/// <param name="Path">Of the field: <c>data.idx.train_images</c>.</param>
public sealed record NamedFile(string Path, string File);

/// <summary>Finds what a job names of the file system, by the rules of its fields.</summary>
public static class FileFields
{
    public static IEnumerable<NamedFile> Of(IMessage message) => Of(message, "");

    private static IEnumerable<NamedFile> Of(IMessage message, string path) =>
        message.Descriptor.Fields.InDeclarationOrder().Where(field => FieldPath.IsPresent(field, message)).SelectMany(field => Of(field, field.Accessor.GetValue(message), FieldPath.Join(path, field.Name)));

    private static IEnumerable<NamedFile> Of(FieldDescriptor field, object value, string path) => value switch
    {
        string file when FieldPath.Rule(field).File => [new NamedFile(path, file)],
        IMessage message => Of(message, path),
        IList items when field.FieldType == FieldType.Message || FieldPath.Rule(field).File =>
            Enumerable.Range(0, items.Count).SelectMany(i => Of(field, items[i]!, FieldPath.Item(field, path, i, items.Count))),
        _ => [],
    };
}
