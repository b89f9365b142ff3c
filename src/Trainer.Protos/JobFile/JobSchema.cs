using System.Globalization;
using System.Text.Json.Nodes;
using Google.Protobuf.Reflection;

namespace Trainer.Protos;

/// <summary>Job files as a JSON Schema (draft 2020-12), for editors that complete and check YAML by one. What fields demand of each other is left to <see cref="JobFile"/>.</summary>
public static class JobSchema
{
    private static readonly Lazy<ProtoComments> Comments = new(ProtoComments.Load);

    /// <summary>The schema, made from job.proto: its fields, rules, defaults and comments.</summary>
    public static JsonObject Create()
    {
        var definitions = new JsonObject();
        foreach (var message in Reachable(JobSpec.Descriptor).OrderBy(message => message.Name, StringComparer.Ordinal))
        {
            definitions[message.Name] = Section(message);
        }

        return new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "Trainer job file",
            ["$ref"] = Reference(JobSpec.Descriptor),
            ["$defs"] = definitions,
        };
    }

    private static JsonObject Section(MessageDescriptor message)
    {
        var fields = message.Fields.InFieldNumberOrder();
        var properties = new JsonObject(fields.Select(field => KeyValuePair.Create(field.Name, (JsonNode?)Field(field))));
        var section = new JsonObject { ["type"] = CanBeEmpty(message) ? new JsonArray("object", "null") : "object" };
        AddText(section, Comments.Value.Of(message));
        section["properties"] = properties;
        if (message == Layer.Descriptor)
        {
            return WithBlocks(section, properties);
        }

        if (message == Model.Descriptor)
        {
            properties["blocks"] = Blocks();
        }

        section["additionalProperties"] = false;
        AddUnlessEmpty(section, "required", [.. fields.Where(field => FieldPath.Rule(field).Required).Select(field => (JsonNode)field.Name)]);
        AddUnlessEmpty(section, "allOf", [.. FieldPath.Choices(message).Select(ExactlyOne)]);
        var needed = FieldPath.AnyOf(message);
        AddUnlessEmpty(section, "anyOf", [.. needed.Select(field => Required(field.Name))]);
        return section;
    }

    private static JsonObject Field(FieldDescriptor field)
    {
        var rule = FieldPath.Rule(field);
        var value = Value(field, rule);
        if (field.IsRepeated)
        {
            value = List(field, rule, value);
        }

        AddText(value, Comments.Value.Of(field));
        if (rule.HasDefault && field.FieldType != FieldType.Message)
        {
            value["default"] = Default(field, rule.Default);
        }

        return value;
    }

    private static JsonObject Value(FieldDescriptor field, Rule rule) => field.FieldType switch
    {
        FieldType.Message => new JsonObject { ["$ref"] = Reference(field.MessageType) },
        FieldType.Bool => new JsonObject { ["type"] = "boolean" },
        FieldType.String => Text(rule),
        FieldType.Double => Number("number", rule),
        FieldType.Int32 => Number("integer", rule),
        FieldType.UInt32 or FieldType.UInt64 => Number("integer", rule, least: 0),
        _ => throw new NotSupportedException($"{field.FullName} is of a type that job files have no form for: {field.FieldType}"),
    };

    private static JsonObject Text(Rule rule)
    {
        var text = new JsonObject { ["type"] = "string" };
        AddUnlessEmpty(text, "enum", [.. rule.OneOf.Select(word => (JsonNode)word)]);
        if (rule.Pattern.Length > 0)
        {
            text["pattern"] = $"^(?:{rule.Pattern})$";
        }

        return text;
    }

    private static JsonObject Number(string type, Rule rule, double? least = null)
    {
        var number = new JsonObject { ["type"] = type };
        if ((rule.HasMin ? rule.Min : least) is { } min)
        {
            number[rule.ExclusiveMin ? "exclusiveMinimum" : "minimum"] = min;
        }

        if (rule.HasMax)
        {
            number[rule.ExclusiveMax ? "exclusiveMaximum" : "maximum"] = rule.Max;
        }

        return number;
    }

    /// <summary>A list; of single values also one value in its place, <c>kernel_size: 5</c>.</summary>
    private static JsonObject List(FieldDescriptor field, Rule rule, JsonObject item)
    {
        var list = new JsonObject { ["type"] = "array", ["items"] = item };
        if (rule.MinItems > 0)
        {
            list["minItems"] = rule.MinItems;
        }

        if (rule.MaxItems > 0)
        {
            list["maxItems"] = rule.MaxItems;
        }

        return field.FieldType == FieldType.Message ? list : new JsonObject { ["anyOf"] = new JsonArray(item.DeepClone(), list) };
    }

    /// <summary>A layer is one of its kinds, a repeat, or the use of a block, whose name is the file's own.</summary>
    private static JsonObject WithBlocks(JsonObject layer, JsonObject properties)
    {
        properties[BlockExpander.Repeat] = new JsonObject
        {
            ["type"] = "object",
            ["description"] = "These layers, so many times, as part of the list that holds the repeat.",
            ["properties"] = new JsonObject
            {
                ["times"] = new JsonObject { ["minimum"] = 1, ["maximum"] = BlockExpander.MaxTimes },
                ["layers"] = LayerList(),
            },
            ["required"] = new JsonArray("times", "layers"),
            ["additionalProperties"] = false,
        };
        layer["additionalProperties"] = new JsonObject { ["type"] = new JsonArray("object", "null"), ["description"] = "The use of a block, with its arguments." };
        layer["minProperties"] = 1;
        return layer;
    }

    private static JsonObject Blocks() => new()
    {
        ["type"] = "object",
        ["description"] = "Lists of layers with names, to be used like layers; $name in them stands for an argument.",
        ["additionalProperties"] = new JsonObject { ["type"] = "array" },
    };

    private static JsonObject LayerList() => new() { ["type"] = "array", ["items"] = new JsonObject { ["$ref"] = Reference(Layer.Descriptor) } };

    private static JsonNode ExactlyOne(IReadOnlyList<FieldDescriptor> choice) =>
        new JsonObject { ["oneOf"] = new JsonArray([.. choice.Select(field => Required(field.Name))]) };

    private static JsonNode Required(string name) => new JsonObject { ["required"] = new JsonArray(name) };

    private static JsonNode Default(FieldDescriptor field, string text) => field.FieldType switch
    {
        FieldType.String => text,
        FieldType.Bool => text == "true",
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };

    private static bool CanBeEmpty(MessageDescriptor message) =>
        !FieldPath.Choices(message).Any() && FieldPath.AnyOf(message).Count == 0 && message.Fields.InFieldNumberOrder().All(field => !FieldPath.Rule(field).Required);

    private static string Reference(MessageDescriptor message) => $"#/$defs/{message.Name}";

    private static void AddText(JsonObject schema, string text)
    {
        if (text.Length > 0)
        {
            schema["description"] = text;
        }
    }

    private static void AddUnlessEmpty(JsonObject schema, string name, JsonNode[] items)
    {
        if (items.Length > 0)
        {
            schema[name] = new JsonArray(items);
        }
    }

    private static IReadOnlySet<MessageDescriptor> Reachable(MessageDescriptor root)
    {
        var found = new HashSet<MessageDescriptor>();
        var open = new Stack<MessageDescriptor>([root]);
        while (open.TryPop(out var message))
        {
            if (found.Add(message))
            {
                foreach (var field in message.Fields.InFieldNumberOrder().Where(field => field.FieldType == FieldType.Message))
                {
                    open.Push(field.MessageType);
                }
            }
        }

        return found;
    }
}
