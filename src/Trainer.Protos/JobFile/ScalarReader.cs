using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Google.Protobuf.Reflection;

namespace Trainer.Protos;

/// <summary>Reads one value as a field's type wants it: no conversion that its author might not have meant.</summary>
internal static class ScalarReader
{
    private const NumberStyles Decimal = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <returns>False with what is wrong: <c>expected a whole number, got '1.5'</c>.</returns>
    public static bool TryRead(FieldDescriptor field, YamlScalar scalar, [NotNullWhen(true)] out object? value, [NotNullWhen(false)] out string? problem)
    {
        (value, problem) = field.FieldType switch
        {
            _ when scalar.IsNull => (null, "has no value; give one or remove the line"),
            FieldType.String => (scalar.Text, null),
            FieldType.Bool => ReadBool(scalar),
            FieldType.Double => ReadDouble(scalar),
            FieldType.UInt32 => ReadInteger(field, scalar, uint.MinValue, uint.MaxValue, number => (uint)number),
            FieldType.Int32 => ReadInteger(field, scalar, int.MinValue, int.MaxValue, number => (int)number),
            FieldType.UInt64 => ReadInteger(field, scalar, ulong.MinValue, ulong.MaxValue, number => (ulong)number),
            _ => throw new NotSupportedException($"{field.FullName} is of a type that job files have no form for: {field.FieldType}"),
        };
        return problem is null;
    }

    private static (object?, string?) ReadBool(YamlScalar scalar) => scalar switch
    {
        { Plain: true, Text: "true" } => (true, null),
        { Plain: true, Text: "false" } => (false, null),
        _ => (null, $"expected true or false, got {scalar.Kind}"),
    };

    private static (object?, string?) ReadDouble(YamlScalar scalar)
    {
        if (!double.TryParse(scalar.Text, Decimal, CultureInfo.InvariantCulture, out var number))
        {
            return (null, $"expected a number, got {scalar.Kind}");
        }

        if (!scalar.Plain)
        {
            return (null, $"expected a number, got {scalar.Kind}; remove the quotes");
        }

        if (!double.IsFinite(number))
        {
            return (null, $"expected a finite number, got {scalar.Kind}");
        }

        return number == 0 && IsNotZero(scalar.Text)
            ? (null, $"{scalar.Kind} is too small for a number of double precision; its smallest is {double.Epsilon:0e0}")
            : (number, null);
    }

    /// <summary>Whether a number's text has a digit other than 0 before its exponent.</summary>
    private static bool IsNotZero(string text) => text.TakeWhile(c => c is not ('e' or 'E')).Any(c => c is >= '1' and <= '9');

    private static (object?, string?) ReadInteger(FieldDescriptor field, YamlScalar scalar, Int128 min, Int128 max, Func<Int128, object> convert)
    {
        if (!Int128.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            return (null, $"expected a whole number, got {scalar.Kind}");
        }

        if (!scalar.Plain)
        {
            return (null, $"expected a whole number, got {scalar.Kind}; remove the quotes");
        }

        if (number >= min && number <= max)
        {
            return (convert(number), null);
        }

        return (null, ValueRules.Number(FieldPath.Rule(field), (double)number, $"{number}") ?? $"must be between {min} and {max}, got {number}");
    }
}
