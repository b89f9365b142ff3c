using System.Collections;
using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Trainer.Protos;

/// <summary>Checks every field of a job against its rule in job.proto.</summary>
internal sealed class FieldRules
{
    private readonly Func<string, bool> _given;
    private readonly List<FieldViolation> _violations = [];

    private FieldRules(Func<string, bool> given) => _given = given;

    /// <param name="given">Was this path written, be it as 0 or ""? proto3 forgets that.</param>
    /// <returns>All violations, in the order of the fields.</returns>
    public static IReadOnlyList<FieldViolation> Check(JobSpec spec, Func<string, bool> given)
    {
        var check = new FieldRules(given);
        check.Message(spec, "");
        return check._violations;
    }

    private void Message(IMessage message, string path)
    {
        var needed = FieldPath.AnyOf(message.Descriptor);
        foreach (var choice in FieldPath.Choices(message.Descriptor))
        {
            Choice(choice, message, path, isNeeded: !choice.All(needed.Contains));
        }

        if (needed.Count > 0 && !needed.Any(field => FieldPath.IsPresent(field, message)))
        {
            Add(path, $"needs {FieldPath.Either(needed.Select(field => field.Name))}");
        }

        foreach (var field in message.Descriptor.Fields.InFieldNumberOrder())
        {
            Field(field, message, FieldPath.Join(path, field.Name));
        }
    }

    private void Choice(IReadOnlyList<FieldDescriptor> choice, IMessage message, string path, bool isNeeded)
    {
        string[] present = [.. choice.Where(field => FieldPath.IsPresent(field, message)).Select(field => field.Name)];
        if (present.Length == 0 && isNeeded)
        {
            Add(path, $"needs {FieldPath.Either(choice.Select(field => field.Name))}");
        }
        else if (present.Length > 1)
        {
            Add(path, $"takes only one of {string.Join(" and ", present)}");
        }
    }

    private void Field(FieldDescriptor field, IMessage message, string path)
    {
        var rule = FieldPath.Rule(field);
        if (!FieldPath.IsPresent(field, message) && !_given(path))
        {
            if (rule.Required)
            {
                Add(path, "is required");
            }

            return;
        }
        if (FieldCondition.Of(message.Descriptor, rule.OnlyWith) is { } needed && !needed.Holds(message))
        {
            Add(path, $"says nothing without {needed.Text}; remove it");
        }

        if (FieldCondition.Of(message.Descriptor, rule.NotWith) is { } refused && refused.Holds(message))
        {
            Add(path, $"cannot stand beside {refused.Text}; remove one of them");
        }

        var value = field.Accessor.GetValue(message);
        if (field.IsRepeated)
        {
            List(field, rule, (IList)value, path);
        }
        else
        {
            Value(rule, value, path);
        }
    }

    private void List(FieldDescriptor field, Rule rule, IList list, string path)
    {
        Add(path, ValueRules.Count(rule, list.Count));
        for (var i = 0; i < list.Count; i++)
        {
            Value(rule, list[i], FieldPath.Item(field, path, i, list.Count));
        }
    }

    private void Value(Rule rule, object? value, string path)
    {
        if (value is IMessage message)
        {
            Message(message, path);
        }
        else if (value is string text)
        {
            Add(path, ValueRules.String(rule, text));
        }
        else if (value is IFormattable and IConvertible number)
        {
            Add(path, ValueRules.Number(rule, number.ToDouble(CultureInfo.InvariantCulture), number.ToString(CultureInfo.InvariantCulture)));
        }
    }

    private void Add(string path, string? problem)
    {
        if (problem is not null)
        {
            _violations.Add(new(path, problem));
        }
    }
}
