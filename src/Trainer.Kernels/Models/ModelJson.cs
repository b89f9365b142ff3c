using System.Text;
using System.Text.Json;
using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Models;

/// <summary>The layers of a model as a job file's JSON form has them: field names of job.proto, one property per layer that names its kind.</summary>
internal static class ModelJson
{
    public static IReadOnlyList<Module> Read(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return JsonOptions.ReadModules(document.RootElement, "layers");
        }
        catch (JsonException broken)
        {
            throw new ModelException("layers", $"not JSON: {broken.Message}");
        }
    }

    public static string Write(IReadOnlyList<Module> modules) => Write(json => json.WriteModules(modules));

    public static string Write(Module module) => Write(json => json.WriteModule(module));

    public static void WriteModules(this Utf8JsonWriter json, string name, IReadOnlyList<Module> modules)
    {
        json.WritePropertyName(name);
        json.WriteModules(modules);
    }

    public static void WriteSize(this Utf8JsonWriter json, string name, Size2 size)
    {
        json.WriteStartArray(name);
        json.WriteNumberValue(size.Height);
        if (size.Width != size.Height)
        {
            json.WriteNumberValue(size.Width);
        }

        json.WriteEndArray();
    }

    public static void WriteSizeUnless(this Utf8JsonWriter json, Size2 standard, string name, Size2 size)
    {
        if (size != standard)
        {
            json.WriteSize(name, size);
        }
    }

    public static void WriteUnless(this Utf8JsonWriter json, bool standard, string name, bool value)
    {
        if (value != standard)
        {
            json.WriteBoolean(name, value);
        }
    }

    public static void WriteUnless(this Utf8JsonWriter json, int standard, string name, int value)
    {
        if (value != standard)
        {
            json.WriteNumber(name, value);
        }
    }

    public static void WriteUnless(this Utf8JsonWriter json, double standard, string name, double value)
    {
        if (!value.Equals(standard))
        {
            json.WriteNumber(name, value);
        }
    }

    public static void WriteWeightInit(this Utf8JsonWriter json, string name, WeightInit? init)
    {
        if (init is not { } given || given == default)
        {
            return;
        }

        json.WriteStartObject(name);
        json.WriteString("kind", JsonOptions.WeightInits.Single(named => named.Value == given.Kind).Key);
        json.WriteUnless(0, given.Kind == WeightInitKind.Constant ? "value" : "mean", given.Mean);
        json.WriteUnless(0, "std", given.Std);
        json.WriteEndObject();
    }

    private static void WriteModules(this Utf8JsonWriter json, IReadOnlyList<Module> modules)
    {
        json.WriteStartArray();
        foreach (var module in modules)
        {
            json.WriteModule(module);
        }

        json.WriteEndArray();
    }

    private static void WriteModule(this Utf8JsonWriter json, Module module)
    {
        json.WriteStartObject();
        if (module.Name is { } name)
        {
            json.WriteString("name", name);
        }

        json.WriteStartObject(module.Kind);
        module.WriteOptions(json);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string Write(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            write(json);
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }
}
