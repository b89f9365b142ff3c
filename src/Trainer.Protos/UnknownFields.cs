using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Trainer.Protos;

/// <summary>What a received message carries that this program's definitions lack: its sender is of a later release.</summary>
public static class UnknownFields
{
    /// <summary>Paths that end with a field's number: <c>training.57</c>, <c>model.layers[3].conv2d.12</c>.</summary>
    public static IReadOnlyList<string> Of(IMessage message)
    {
        var found = new List<string>();
        Scan(new CodedInputStream(message.ToByteArray()), message.Descriptor, "", found);
        return [.. found.Distinct(StringComparer.Ordinal)];
    }

    private static void Scan(CodedInputStream input, MessageDescriptor type, string path, List<string> found)
    {
        var seen = new Dictionary<int, int>();
        for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            var number = WireFormat.GetTagFieldNumber(tag);
            var field = type.FindFieldByNumber(number);
            if (field is { FieldType: FieldType.Message } && WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
            {
                var index = seen[number] = seen.GetValueOrDefault(number, -1) + 1;
                var name = FieldPath.Join(path, field.IsRepeated ? $"{field.Name}[{index}]" : field.Name);
                Scan(new CodedInputStream(input.ReadBytes().ToByteArray()), field.MessageType, name, found);
                continue;
            }
            if (field is null)
            {
                found.Add(FieldPath.Join(path, number.ToString(CultureInfo.InvariantCulture)));
            }

            input.SkipLastField();
        }
    }
}
