using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Trainer.Protos;

/// <summary>Writes job.proto's defaults into what a job leaves open.</summary>
internal static class JobDefaults
{
    public static void Fill(IMessage message)
    {
        foreach (var field in message.Descriptor.Fields.InFieldNumberOrder())
        {
            if (!FieldPath.IsPresent(field, message) && FieldCondition.Applies(field, message))
            {
                FillAbsent(message, field);
            }

            if (field.FieldType == FieldType.Message)
            {
                FillChildren(field, field.Accessor.GetValue(message));
            }
        }
    }

    private static void FillAbsent(IMessage message, FieldDescriptor field)
    {
        var rule = FieldPath.Rule(field);
        if (rule.HasDefault)
        {
            SetDefault(message, field, rule.Default);
        }
        else if (field.FieldType == FieldType.Message && !field.IsRepeated && MakesSenseEmpty(field))
        {
            field.Accessor.SetValue(message, Empty(field));
        }
    }

    private static void FillChildren(FieldDescriptor field, object? value)
    {
        if (field.IsRepeated)
        {
            foreach (IMessage item in (IList)value!)
            {
                Fill(item);
            }
        }
        else if (value is IMessage child)
        {
            Fill(child);
        }
    }

    private static void SetDefault(IMessage message, FieldDescriptor field, string text)
    {
        var value = field.FieldType == FieldType.Message ? Choose(field, text) : Read(field, text);
        if (field.IsRepeated)
        {
            ((IList)field.Accessor.GetValue(message)).Add(value);
        }
        else
        {
            field.Accessor.SetValue(message, value);
        }
    }

    /// <summary>A section that is a choice of one among several, made: <c>loss: {cross_entropy: {}}</c>.</summary>
    private static IMessage Choose(FieldDescriptor section, string member)
    {
        var chosen = Empty(section);
        var field = section.MessageType.FindFieldByName(member)
            ?? throw new InvalidOperationException($"default of {section.FullName}: no {member}");
        field.Accessor.SetValue(chosen, Empty(field));
        return chosen;
    }

    private static object Read(FieldDescriptor field, string text) =>
        ScalarReader.TryRead(field, new YamlScalar(FilePosition.Start, text, Plain: true), out var value, out var problem)
            ? value
            : throw new InvalidOperationException($"default of {field.FullName}: {problem}");

    private static IMessage Empty(FieldDescriptor section) => section.MessageType.Parser.ParseFrom([]);

    /// <summary>A section whose fields can all be absent, such as <c>cluster</c>; not one member of a choice.</summary>
    private static bool MakesSenseEmpty(FieldDescriptor field) =>
        field.RealContainingOneof is null
        && !FieldPath.Choices(field.ContainingType).Any(choice => choice.Contains(field))
        && !FieldPath.Choices(field.MessageType).Any()
        && FieldPath.AnyOf(field.MessageType).Count == 0
        && field.MessageType.Fields.InFieldNumberOrder().All(inner => !FieldPath.Rule(inner).Required);
}
