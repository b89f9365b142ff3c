using System.Text.Json;
using Trainer.Kernels.Data;

namespace Trainer.Kernels.Formats;

/// <summary>What a file of weights says of its model beside them, so that whoever has it needs no data: class names, by label, and the images that it takes.</summary>
public sealed record ArtifactFacts(IReadOnlyList<string> ClassNames, Shape Input)
{
    private const string ClassesKey = "trainer.classes";
    private const string InputKey = "trainer.input";

    /// <summary>As a safetensors file has it: words by name.</summary>
    public IReadOnlyDictionary<string, string> ToMetadata() => new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        [ClassesKey] = JsonSerializer.Serialize(ClassNames),
        [InputKey] = JsonSerializer.Serialize(Input.Dimensions.ToArray()),
    };

    /// <summary>What a file says; null: nothing.</summary>
    /// <exception cref="DataFileException">It is no safetensors file, or says what makes no sense.</exception>
    public static ArtifactFacts? Read(string path)
    {
        using var file = SafetensorsReader.Open(path);
        if (!file.Metadata.TryGetValue(ClassesKey, out var classes) || !file.Metadata.TryGetValue(InputKey, out var input))
        {
            return null;
        }

        try
        {
            return new ArtifactFacts(JsonSerializer.Deserialize<string[]>(classes) ?? [], new Shape(JsonSerializer.Deserialize<int[]>(input) ?? []));
        }
        catch (Exception odd) when (odd is JsonException or ArgumentException)
        {
            throw new DataFileException(path, $"its metadata says {ClassesKey} {classes} and {InputKey} {input}; expected a list of names and three sizes", odd);
        }
    }
}
