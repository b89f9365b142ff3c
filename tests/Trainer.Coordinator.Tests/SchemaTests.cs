using System.Globalization;
using Google.Protobuf.Reflection;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Schema;
using Trainer.Kernels.Training;
using Trainer.Protos;
using JobOptimizer = Trainer.Protos.Optimizer;

namespace Trainer.Coordinator.Tests;

/// <summary>
/// Classes of Trainer.Kernels and messages of job.proto tell the same of every layer, optimizer, loss and schedule: kinds, options, what is required, defaults, words.
/// What docs/job-file.md says of the messages, a test beside them checks.
/// </summary>
public sealed class SchemaTests
{
    /// <summary>Families of kinds, and the messages that choose one of them.</summary>
    private static readonly (Type Family, MessageDescriptor Message)[] Families =
    [
        (typeof(Module), Protos.Layer.Descriptor),
        (typeof(Kernels.Training.Optimizer), JobOptimizer.Descriptor),
        (typeof(Kernels.Training.Loss), Protos.Loss.Descriptor),
        (typeof(LearningRateSchedule), Schedule.Descriptor),
        (typeof(Kernels.Data.Transform), Protos.Transform.Descriptor),
    ];

    public static TheoryData<string> Messages => [.. Families.Select(pair => pair.Message.Name)];

    /// <summary>A kind as <c>Layer.conv2d</c>, and classes that stand in lists or fields.</summary>
    public static TheoryData<string> Classes =>
        [.. Families.SelectMany(pair => new KindFamily(pair.Family).Words.Select(word => $"{pair.Message.Name}.{word}")), .. Parts.Keys];

    private static Dictionary<string, (Type, MessageDescriptor)> Parts { get; } = new()
    {
        ["Initializer"] = (typeof(WeightInit), Protos.Initializer.Descriptor),
        ["Branch"] = (typeof(Kernels.Layers.Branch), Protos.Branch.Descriptor),
        ["ParameterGroup"] = (typeof(Kernels.Training.ParameterGroup), Protos.ParameterGroup.Descriptor),
        ["Warmup"] = (typeof(Kernels.Training.Warmup), Protos.Warmup.Descriptor),
    };

    [Theory]
    [MemberData(nameof(Messages))]
    public void Kinds_are_the_same(string message)
    {
        var (type, descriptor) = Families.Single(pair => pair.Message.Name == message);
        var family = new KindFamily(type);

        Assert.Equal(Oneof(descriptor).Fields.Select(field => field.Name).Order(StringComparer.Ordinal), family.Words);
        Assert.Equal(
            descriptor.Fields.InFieldNumberOrder().Except(Oneof(descriptor).Fields).Select(field => field.Name).Order(StringComparer.Ordinal),
            family.Beside.Select(option => option.Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Classes))]
    public void Options_are_the_same(string name)
    {
        var (schema, message) = Find(name);

        Assert.Equal(
            message.Fields.InFieldNumberOrder().Select(field => field.Name).Order(StringComparer.Ordinal),
            schema.Options.Select(option => option.Name).Order(StringComparer.Ordinal));
        Assert.All(schema.Options, option => CheckAgree(option, schema, message.FindFieldByName(option.Name)));
    }

    private static (OptionSchema Schema, MessageDescriptor Message) Find(string name)
    {
        if (Parts.TryGetValue(name, out var part))
        {
            return (new OptionSchema(part.Item1), part.Item2);
        }

        var parts = name.Split('.');
        var (family, message) = Families.Single(pair => pair.Message.Name == parts[0]);
        return (new KindFamily(family)[parts[1]], message.FindFieldByName(parts[1]).MessageType);
    }

    private static void CheckAgree(Option option, OptionSchema schema, FieldDescriptor field)
    {
        var rule = field.GetOptions()?.GetExtension(RulesExtensions.Rule) ?? new Rule();
        Assert.True(Fits(option.Form, field), $"{field.FullName} is {field.FieldType}; the class has {option.Form.GetType().Name}");
        if (option.Form is WordForm words)
        {
            Assert.Equal(rule.OneOf.Order(StringComparer.Ordinal), words.Words.Order(StringComparer.Ordinal));
        }

        if (option.Form is ListForm)
        {
            Assert.True(rule.Required || !option.IsRequired, $"{field.FullName}: the class needs it");
            return;
        }

        Assert.Equal(option.IsRequired, rule.Required);
        if (!option.IsRequired)
        {
            CheckDefault(option, schema, field, rule);
        }
    }

    /// <summary>A default that follows from another option is told in words only, and a message that may be absent is made by the class.</summary>
    private static void CheckDefault(Option option, OptionSchema schema, FieldDescriptor field, Rule rule)
    {
        var made = option.Get(schema.Make(parameter => parameter.IsRequired ? Example(parameter) : parameter.Standard));
        if (rule.HasDefault)
        {
            Assert.Equal(Parse(rule.Default, option.Form), made);
        }
        else if (made is not null && field.FieldType != FieldType.Message)
        {
            var other = option.Get(schema.Make(parameter => parameter.IsRequired ? Example(parameter, 1) : parameter.Standard));
            Assert.False(Equals(made, other) && !Equals(made, false), $"{field.FullName}: the class has {made} by default, job.proto says nothing");
        }
    }

    private static bool Fits(ValueForm form, FieldDescriptor field) => form switch
    {
        ListForm list => field.IsRepeated && FitsOne(list.Item, field),
        Size2Form or SidesForm => field is { IsRepeated: true, FieldType: FieldType.UInt32 },
        _ => !field.IsRepeated && FitsOne(form, field),
    };

    private static bool FitsOne(ValueForm form, FieldDescriptor field) => form switch
    {
        WholeForm => field.FieldType is FieldType.UInt32 or FieldType.Int32,
        RealForm => field.FieldType == FieldType.Double,
        FlagForm => field.FieldType == FieldType.Bool,
        TextForm or WordForm => field.FieldType == FieldType.String,
        ObjectForm part => field.FieldType == FieldType.Message && Parts.ContainsValue((part.Schema.Type, field.MessageType)),
        KindForm kinds => field.FieldType == FieldType.Message && Array.Exists(Families, pair => pair.Message == field.MessageType && kinds.Is(pair.Family)),
        _ => false,
    };

    private static object Example(Option option, int more = 0) => option.Form switch
    {
        WholeForm => 2 + more,
        RealForm => 0.5 + more,
        Size2Form => new Kernels.Size2(2 + more, 3),
        SidesForm => new Kernels.Sides(1 + more, 2, 3, 4),
        TextForm => $"example{more}",
        WordForm words => words.Member(words.Words.First()),
        ListForm list => list.Empty,
        _ => throw new NotSupportedException($"No example of {option.Form.GetType().Name}."),
    };

    private static object Parse(string text, ValueForm form) => form switch
    {
        WholeForm => int.Parse(text, CultureInfo.InvariantCulture),
        RealForm => double.Parse(text, CultureInfo.InvariantCulture),
        FlagForm => bool.Parse(text),
        WordForm words => words.Member(text),
        Size2Form => (Kernels.Size2)int.Parse(text, CultureInfo.InvariantCulture),
        _ => text,
    };

    private static OneofDescriptor Oneof(MessageDescriptor message) => message.Oneofs.Single(oneof => !oneof.IsSynthetic);
}
