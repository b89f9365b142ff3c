using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Trainer.Protos;

/// <summary>What <c>only_with</c> and <c>not_with</c> ask of a sibling: that it is there (<c>zoo</c>), or that it has a value (<c>kind=normal</c>).</summary>
internal sealed class FieldCondition
{
    private readonly FieldDescriptor _field;
    private readonly string? _value;

    private FieldCondition(FieldDescriptor field, string? value) => (_field, _value) = (field, value);

    /// <summary>As its author would write it: <c>zoo</c>, <c>kind: normal</c>.</summary>
    public string Text => _value is null ? _field.Name : $"{_field.Name}: {_value}";

    /// <param name="text">Empty: no condition.</param>
    public static FieldCondition? Of(MessageDescriptor message, string text)
    {
        if (text.Length == 0)
        {
            return null;
        }

        var parts = text.Split('=');
        var field = message.FindFieldByName(parts[0]) ?? throw new InvalidOperationException($"{message.FullName} has no field {parts[0]}");
        return new(field, parts.Length > 1 ? parts[1] : null);
    }

    /// <summary>Does <paramref name="field"/> mean anything beside its siblings as they are?</summary>
    public static bool Applies(FieldDescriptor field, IMessage message)
    {
        var rule = FieldPath.Rule(field);
        var allowed = Of(message.Descriptor, rule.OnlyWith) is not { } needed || needed.Holds(message);
        var refused = Of(message.Descriptor, rule.NotWith) is { } other && other.Holds(message);
        return allowed && !refused;
    }

    public bool Holds(IMessage message)
    {
        var present = FieldPath.IsPresent(_field, message);
        if (_value is null)
        {
            return present;
        }

        var value = !present ? FieldPath.Rule(_field).Default : _field.Accessor.GetValue(message) switch
        {
            bool truth => truth ? "true" : "false",
            string text => text,
            var other => throw new NotSupportedException($"{_field.FullName}: conditions on {other.GetType().Name} are not read"),
        };
        return value == _value;
    }
}
