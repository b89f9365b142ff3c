using System.Globalization;
using Google.Protobuf.Reflection;

namespace Trainer.Protos;

/// <summary>Enum values without the prefix that protobuf's style wants: QUEUED for JOB_STATE_QUEUED.</summary>
public static class EnumNames
{
    /// <summary>"A, B or C": all values but UNSPECIFIED.</summary>
    public static string Either(EnumDescriptor type) => FieldPath.Either(type.Values.Where(value => value.Number != 0).Select(value => Bare(type, value.Number)));

    /// <returns>The number, where the definition knows no such value.</returns>
    public static string Bare(EnumDescriptor type, int number) => type.FindValueByNumber(number) is { } value
        ? value.Name[Prefix(type).Length..]
        : number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The value of a name with or without prefix; null: there is none.</summary>
    internal static EnumValueDescriptor? Find(EnumDescriptor type, string name) => type.FindValueByName(name) ?? type.FindValueByName(Prefix(type) + name);

    // JobState -> JOB_STATE_
    private static string Prefix(EnumDescriptor type) =>
        string.Concat(type.Name.Select((c, i) => char.IsAsciiLetterUpper(c) && i > 0 ? $"_{c}" : $"{char.ToUpperInvariant(c)}")) + "_";
}
