using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Trainer.Hosting.Tests.Cluster;

/// <summary>Fills messages by their descriptors: every field set, every case of every oneof once, all values different.</summary>
internal static class SampleMessages
{
    /// <summary>One sample per case of the message's oneofs (at least one), two levels of nesting deep.</summary>
    public static IEnumerable<IMessage> Of(MessageDescriptor type)
    {
        var cases = type.Oneofs.Where(oneof => !oneof.IsSynthetic).Select(oneof => oneof.Fields.Count).DefaultIfEmpty(1).Max();
        return Enumerable.Range(0, cases).Select(which => Fill(type, which, depth: 3));
    }

    private static IMessage Fill(MessageDescriptor type, int which, int depth)
    {
        var message = (IMessage)Activator.CreateInstance(type.ClrType)!;
        foreach (var field in type.Fields.InDeclarationOrder())
        {
            if (field.RealContainingOneof is { } oneof && oneof.Fields[which % oneof.Fields.Count] != field)
            {
                continue;
            }

            if (field.FieldType == FieldType.Message && depth == 0)
            {
                continue;
            }

            if (field.IsMap)
            {
                var map = (System.Collections.IDictionary)field.Accessor.GetValue(message);
                var (key, value) = (field.MessageType.Fields[1], field.MessageType.Fields[2]);
                map.Add(Value(key, which, depth), Value(value, which, depth));
                map.Add(Value(key, which + 1, depth), Value(value, which + 1, depth));
            }
            else if (field.IsRepeated)
            {
                var list = (System.Collections.IList)field.Accessor.GetValue(message);
                list.Add(Value(field, which, depth));
                list.Add(Value(field, which + 1, depth));
            }
            else
            {
                field.Accessor.SetValue(message, Value(field, which, depth));
            }
        }

        return message;
    }

    private static object Value(FieldDescriptor field, int which, int depth)
    {
        var number = 7 * field.FieldNumber + which;
        return field.FieldType switch
        {
            FieldType.String => $"{field.Name}-{number}",
            FieldType.UInt32 => (uint)number,
            FieldType.UInt64 or FieldType.Fixed64 => (ulong)number << 40,
            FieldType.Int32 => -number,
            FieldType.Int64 => -(long)number << 40,
            FieldType.Double => number + 0.125,
            FieldType.Bool => true,
            FieldType.Bytes => ByteString.CopyFrom((byte)number, 0, 255),
            FieldType.Enum => Enum.ToObject(field.EnumType.ClrType, field.EnumType.Values[^1].Number),
            FieldType.Message => Fill(field.MessageType, which, depth - 1),
            _ => throw new NotSupportedException($"{field.FullName}: {field.FieldType}"),
        };
    }
}
