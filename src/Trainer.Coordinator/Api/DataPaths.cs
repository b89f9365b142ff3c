using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>Which field of a data section names a file.</summary>
internal static class DataPaths
{
    /// <returns><c>data.idx.train_images</c>; the only file of a kind where it lies below that; the kind where nobody knows.</returns>
    public static string Of(Data data, string file)
    {
        foreach (var field in Data.Descriptor.Fields.InFieldNumberOrder())
        {
            if (field is { FieldType: FieldType.Message, IsRepeated: false } && field.Accessor.GetValue(data) is IMessage kind && FilesOf(kind.Descriptor) is { Count: > 0 } files)
            {
                var named = files.Count == 1 ? files[0] : files.FirstOrDefault(each => Names(each.Accessor.GetValue(kind), file));
                return named is null ? $"data.{field.Name}" : $"data.{field.Name}.{named.Name}";
            }
        }

        return "data.dataset";
    }

    private static bool Names(object value, string file) => value is IList files ? files.Contains(file) : (string)value == file;

    private static List<FieldDescriptor> FilesOf(MessageDescriptor kind) =>
        [.. kind.Fields.InFieldNumberOrder().Where(field => field.GetOptions()?.GetExtension(RulesExtensions.Rule) is { File: true })];
}
