using System.Text.Json;
using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Models;

/// <summary>The options of one module in a job file's JSON form. Strict: what nobody asks for is an error, as is a wrong type.</summary>
internal sealed class JsonOptions
{
    public static readonly IReadOnlyDictionary<string, WeightInit> WeightInits = new Dictionary<string, WeightInit>(StringComparer.Ordinal)
    {
        ["kaiming_uniform"] = Layers.WeightInit.KaimingUniform,
        ["xavier_uniform"] = Layers.WeightInit.XavierUniform,
    };

    private static readonly Dictionary<string, Func<JsonOptions, Module>> Kinds = new(StringComparer.Ordinal)
    {
        ["conv2d"] = Conv2d.Read,
        ["avg_pool2d"] = AvgPool2d.Read,
        ["linear"] = Linear.Read,
        ["sigmoid"] = _ => new Sigmoid(),
        ["flatten"] = _ => new Flatten(),
        ["sequential"] = Sequential.Read,
    };

    private readonly string _path;
    private readonly Dictionary<string, JsonElement> _unread = new(StringComparer.Ordinal);

    private JsonOptions(JsonElement element, string path)
    {
        _path = path;
        foreach (var property in Expect(element, JsonValueKind.Object, path, "an object").EnumerateObject())
        {
            if (!_unread.TryAdd(property.Name, property.Value))
            {
                throw new ModelException($"{path}.{property.Name}", "given twice");
            }
        }
    }

    public static IReadOnlyList<Module> ReadModules(JsonElement list, string path) =>
        [.. Expect(list, JsonValueKind.Array, path, "a list of layers").EnumerateArray().Select((element, i) => ReadModule(element, $"{path}[{i}]"))];

    public int Required(string name) => TryTake(name, out var value) ? Number(value, name) : throw Missing(name);

    public Size2 RequiredSize(string name) => TryTake(name, out var value) ? SizeOf(value, name) : throw Missing(name);

    public Size2 Size(string name, Size2 standard) => TryTake(name, out var value) ? SizeOf(value, name) : standard;

    public bool Flag(string name, bool standard)
    {
        if (!TryTake(name, out var value))
        {
            return standard;
        }

        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : throw Wrong($"{_path}.{name}", value, "true or false");
    }

    public WeightInit WeightInit(string name)
    {
        if (!TryTake(name, out var value))
        {
            return default;
        }

        var options = new JsonOptions(value, $"{_path}.{name}");
        if (!options.TryTake("kind", out var kind))
        {
            throw options.Missing("kind");
        }

        options.RefuseUnread();
        return kind.ValueKind == JsonValueKind.String && WeightInits.TryGetValue(kind.GetString()!, out var init)
            ? init
            : throw Wrong($"{_path}.{name}.kind", kind, $"one of {string.Join(", ", WeightInits.Keys)}");
    }

    public IReadOnlyList<Module> Modules(string name) =>
        TryTake(name, out var value) ? ReadModules(value, $"{_path}.{name}") : throw Missing(name);

    private static Module ReadModule(JsonElement element, string path)
    {
        var properties = Expect(element, JsonValueKind.Object, path, "an object that names one layer").EnumerateObject().ToList();
        if (properties.Count != 1)
        {
            throw new ModelException(path, $"names {properties.Count} layers; expected one of {string.Join(", ", Kinds.Keys)}");
        }

        var (kind, value) = (properties[0].Name, properties[0].Value);
        if (!Kinds.TryGetValue(kind, out var read))
        {
            throw new ModelException($"{path}.{kind}", $"no such layer; expected one of {string.Join(", ", Kinds.Keys)}");
        }

        var options = new JsonOptions(value, $"{path}.{kind}");
        var module = read(options);
        options.RefuseUnread();
        return module;
    }

    private static JsonElement Expect(JsonElement element, JsonValueKind kind, string path, string expected) =>
        element.ValueKind == kind ? element : throw Wrong(path, element, expected);

    private static ModelException Wrong(string path, JsonElement found, string expected) =>
        new(path, $"found {found.GetRawText()}; expected {expected}");

    private bool TryTake(string name, out JsonElement value) => _unread.Remove(name, out value);

    private ModelException Missing(string name) => new($"{_path}.{name}", "missing");

    private int Number(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number)
            ? number
            : throw Wrong($"{_path}.{name}", value, "a whole number below 2^31");

    private Size2 SizeOf(JsonElement value, string name)
    {
        var both = value.ValueKind == JsonValueKind.Array ? value.GetArrayLength() : 0;
        return both is 1 or 2
            ? new Size2(Number(value[0], name), Number(value[both - 1], name))
            : throw Wrong($"{_path}.{name}", value, "[both] or [height, width]");
    }

    private void RefuseUnread()
    {
        if (_unread.Keys.FirstOrDefault() is { } unknown)
        {
            throw new ModelException($"{_path}.{unknown}", "no such option");
        }
    }
}
