using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Models;

/// <summary>The options of one module in a job file's JSON form. Strict: what nobody asks for is an error, as is a wrong type.</summary>
internal sealed partial class JsonOptions
{
    public static readonly IReadOnlyDictionary<string, WeightInitKind> WeightInits = new Dictionary<string, WeightInitKind>(StringComparer.Ordinal)
    {
        ["kaiming_uniform"] = WeightInitKind.KaimingUniform,
        ["xavier_uniform"] = WeightInitKind.XavierUniform,
        ["kaiming_normal"] = WeightInitKind.KaimingNormal,
        ["xavier_normal"] = WeightInitKind.XavierNormal,
        ["normal"] = WeightInitKind.Normal,
        ["constant"] = WeightInitKind.Constant,
    };

    private static readonly Dictionary<string, Func<JsonOptions, Module>> Kinds = new(StringComparer.Ordinal)
    {
        ["conv2d"] = Conv2d.Read,
        ["max_pool2d"] = MaxPool2d.Read,
        ["avg_pool2d"] = AvgPool2d.Read,
        ["adaptive_avg_pool2d"] = AdaptiveAvgPool2d.Read,
        ["adaptive_max_pool2d"] = AdaptiveMaxPool2d.Read,
        ["linear"] = Linear.Read,
        ["batch_norm1d"] = BatchNorm1d.Read,
        ["batch_norm2d"] = BatchNorm2d.Read,
        ["group_norm"] = GroupNorm.Read,
        ["dropout"] = Dropout.Read,
        ["dropout2d"] = Dropout2d.Read,
        ["flatten"] = _ => new Flatten(),
        ["relu"] = _ => new ReLU(),
        ["leaky_relu"] = LeakyReLU.Read,
        ["sigmoid"] = _ => new Sigmoid(),
        ["tanh"] = _ => new Tanh(),
        ["gelu"] = GELU.Read,
        ["silu"] = _ => new SiLU(),
        ["softmax"] = _ => new Softmax(),
        ["log_softmax"] = _ => new LogSoftmax(),
        ["sequential"] = Sequential.Read,
        ["residual"] = Residual.Read,
        ["concat"] = Concat.Read,
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

    /// <summary>The options of an object that stands by itself; nothing in it may be left unread once <paramref name="read"/> is done.</summary>
    public static T ReadObject<T>(string json, string path, Func<JsonOptions, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return Read(document.RootElement, path, read);
        }
        catch (JsonException broken)
        {
            throw new ModelException(path, $"not JSON: {broken.Message}");
        }
    }

    /// <summary>What <paramref name="read"/> makes of an object; null where there is none.</summary>
    public T? Child<T>(string name, Func<JsonOptions, T> read)
        where T : class => TryTake(name, out var value) ? Read(value, $"{_path}.{name}", read) : null;

    /// <summary>What the one member of an object that is named in <paramref name="readers"/> says; null where there is no object.</summary>
    public T? Kind<T>(string name, IReadOnlyDictionary<string, Func<JsonOptions, T>> readers)
        where T : class => Child(name, options => options.Kind(readers) ?? throw options.Refuse($"expected one of {string.Join(", ", readers.Keys)}"));

    /// <summary>The same among the options at hand; null where none of the names is there.</summary>
    public T? Kind<T>(IReadOnlyDictionary<string, Func<JsonOptions, T>> readers)
        where T : class
    {
        var kind = readers.Keys.FirstOrDefault(_unread.ContainsKey);
        return kind is null ? null : Child(kind, readers[kind]);
    }

    public double? RealOrNone(string name) => TryTake(name, out var value) ? Real(value, name) : null;

    public double RequiredReal(string name) => RealOrNone(name) ?? throw Missing(name);

    public string RequiredText(string name) => TryTake(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Missing(name);

    public IReadOnlyList<double> Reals(string name) => TryTake(name, out var list)
        ? [.. Expect(list, JsonValueKind.Array, $"{_path}.{name}", "a list of numbers").EnumerateArray().Select(value => Real(value, name))]
        : [];

    /// <summary>A 64-bit number, which protobuf's JSON writes as a string.</summary>
    public ulong Unsigned(string name, ulong standard)
    {
        if (!TryTake(name, out var value))
        {
            return standard;
        }

        var text = value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText();
        return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Wrong($"{_path}.{name}", value, "a whole number below 2^64");
    }

    /// <summary>Takes options that somebody else reads.</summary>
    public void LeaveOut(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            _unread.Remove(name);
        }
    }

    public ModelException Refuse(string problem) => new(_path, problem);

    public int Whole(string name, int standard) => TryTake(name, out var value) ? Number(value, name) : standard;

    public double Real(string name, double standard) => RealOrNone(name) ?? standard;

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

    /// <summary>One of some words; the first is the default.</summary>
    public string Choice(string name, params ReadOnlySpan<string> words)
    {
        if (!TryTake(name, out var value))
        {
            return words[0];
        }

        foreach (var word in words)
        {
            if (value.ValueKind == JsonValueKind.String && value.ValueEquals(word))
            {
                return word;
            }
        }

        throw Wrong($"{_path}.{name}", value, $"one of {string.Join(", ", words.ToArray())}");
    }

    public WeightInit? WeightInit(string name)
    {
        if (!TryTake(name, out var value))
        {
            return null;
        }

        var options = new JsonOptions(value, $"{_path}.{name}");
        if (!options.TryTake("kind", out var kind))
        {
            throw options.Missing("kind");
        }

        if (kind.ValueKind != JsonValueKind.String || !WeightInits.TryGetValue(kind.GetString()!, out var known))
        {
            throw Wrong($"{_path}.{name}.kind", kind, $"one of {string.Join(", ", WeightInits.Keys)}");
        }

        var init = known switch
        {
            WeightInitKind.Constant => Layers.WeightInit.Constant(options.Real("value", 0)),
            WeightInitKind.Normal => Layers.WeightInit.Normal(options.Real("mean", 0), options.Real("std", 1)),
            _ => new WeightInit(known),
        };
        options.RefuseUnread();
        return init;
    }

    public IReadOnlyList<Module> Modules(string name) =>
        TryTake(name, out var value) ? ReadModules(value, $"{_path}.{name}") : throw Missing(name);

    public IReadOnlyList<Module> ModulesOrNone(string name) => TryTake(name, out var value) ? ReadModules(value, $"{_path}.{name}") : [];

    /// <summary>What <paramref name="read"/> makes of each object of a list.</summary>
    public IReadOnlyList<T> Children<T>(string name, Func<JsonOptions, T> read) =>
        _unread.ContainsKey(name) ? ChildrenOrNone(name, read) : throw Missing(name);

    public IReadOnlyList<T> ChildrenOrNone<T>(string name, Func<JsonOptions, T> read)
    {
        if (!TryTake(name, out var list))
        {
            return [];
        }

        return [.. Expect(list, JsonValueKind.Array, $"{_path}.{name}", "a list").EnumerateArray()
            .Select((element, i) => Read(element, $"{_path}.{name}[{i}]", read))];
    }

    private static T Read<T>(JsonElement element, string path, Func<JsonOptions, T> read)
    {
        var options = new JsonOptions(element, path);
        var result = read(options);
        options.RefuseUnread();
        return result;
    }

    private static Module ReadModule(JsonElement element, string path)
    {
        var properties = Expect(element, JsonValueKind.Object, path, "an object that names one layer").EnumerateObject()
            .Where(property => !property.NameEquals("name")).ToList();
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
        module.SetName(NameOf(element, path));
        options.RefuseUnread();
        return module;
    }

    private static string? NameOf(JsonElement element, string path)
    {
        if (!element.TryGetProperty("name", out var name))
        {
            return null;
        }

        return name.ValueKind == JsonValueKind.String && ModuleName().IsMatch(name.GetString()!)
            ? name.GetString()
            : throw Wrong($"{path}.name", name, "1 to 64 letters, digits and underscores");
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_]{1,64}\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ModuleName();

    private static JsonElement Expect(JsonElement element, JsonValueKind kind, string path, string expected) =>
        element.ValueKind == kind ? element : throw Wrong(path, element, expected);

    private static ModelException Wrong(string path, JsonElement found, string expected) =>
        new(path, $"found {found.GetRawText()}; expected {expected}");

    private double Real(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Number ? value.GetDouble() : throw Wrong($"{_path}.{name}", value, "a number");

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
