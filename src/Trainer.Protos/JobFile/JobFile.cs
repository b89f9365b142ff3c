using System.Text;
using Google.Protobuf;

namespace Trainer.Protos;

/// <summary>
/// Job files: <see cref="JobSpec"/> in YAML, field by field, as job.proto defines it. What is misspelt, of the wrong type, out of range,
/// missing or doubled is an error with its line, column and field path; nothing is ignored. The one thing that a file may say and a message may not is
/// how layers repeat (<see cref="BlockExpander"/>).
/// </summary>
public static class JobFile
{
    /// <summary>Containers within containers that a model may have.</summary>
    public const int MostContainers = ModelLimits.Nesting;

    /// <summary>Far more than the largest network needs; a limit on what an upload can cost.</summary>
    public const int MaxBytes = 1 << 20;

    /// <exception cref="JobFileException">The file cannot be read, or with all that is wrong in it.</exception>
    public static JobSpec Read(string path) => Open(path, []).Spec;

    /// <param name="overrides">Values in place of the file's: <c>training.optimizer.sgd.lr=0.01</c>, the value in YAML.</param>
    /// <exception cref="JobFileException">The file cannot be read, or with all that is wrong in it and in the overrides.</exception>
    public static JobDocument Open(string path, IReadOnlyList<string> overrides)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.Exists && file.Length > MaxBytes)
            {
                throw Unusable(path, $"has {file.Length} bytes; a job file has at most {MaxBytes}");
            }

            return Parse(File.ReadAllText(path, new UTF8Encoding(false, throwOnInvalidBytes: true)), path, overrides);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Unusable(path, "no such file");
        }
        catch (DecoderFallbackException error)
        {
            throw Unusable(path, $"not UTF-8 text: invalid byte at offset {error.Index}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Unusable(path, error.Message);
        }
    }

    /// <param name="fileName">For messages, and because file fields are relative to its folder.</param>
    /// <exception cref="JobFileException">With all that is wrong.</exception>
    public static JobSpec Parse(string text, string fileName) => Parse(text, fileName, []).Spec;

    private static JobDocument Parse(string text, string fileName, IReadOnlyList<string> overrides)
    {
        var faults = new FaultList(fileName);
        var reader = new MessageReader(faults, Path.GetDirectoryName(Path.GetFullPath(fileName)) ?? "/");
        var spec = new JobSpec();
        if (text.Length > MaxBytes)
        {
            throw Unusable(fileName, $"has {text.Length} characters; a job file has at most {MaxBytes}");
        }

        reader.Read(BlockExpander.Expand(JobOverrides.Apply(YamlTree.Load(text, faults), overrides, faults), faults), spec, "");
        FieldViolation[] violations = [.. JobRules.Validate(spec, reader.IsGiven).Where(violation => !faults.Concerns(violation.Path))];
        foreach (var violation in violations)
        {
            faults.Add(reader.Place(violation.Path), violation.Path, violation.Problem);
        }

        faults.ThrowIfAny();
        return new JobDocument(fileName, spec, reader.Place);
    }

    /// <summary>The job file of a job; reading it gives the job again.</summary>
    public static string Write(JobSpec spec) => YamlWriter.Write(spec);

    /// <summary>A model's layers as JSON, <c>[{"conv2d":{"out_channels":6,"kernel_size":[5]}}, ...]</c>: what Trainer.Kernels reads a model from.</summary>
    public static string ModelJson(Model model) => $"[{string.Join(",", model.Layers.Select(SectionJson))}]";

    /// <summary>The model section for the layers that a model of Trainer.Kernels writes as JSON: the way back of <see cref="ModelJson"/>.</summary>
    /// <exception cref="ArgumentException">It is not that.</exception>
    public static Model ModelOfJson(string layers) => OfJson<Model>($$"""{"layers":{{layers}}}""", "the layers of a model", nameof(layers));

    /// <summary>Another section as JSON, <c>{"epochs":10,...}</c>: what Trainer.Kernels reads training and data from.</summary>
    public static string SectionJson(IMessage section) => ProtoJson.Line(ProtoJson.Compact(section));

    /// <summary>The way back of <see cref="SectionJson"/>.</summary>
    /// <exception cref="ArgumentException">It is not that.</exception>
    public static T SectionOfJson<T>(string section)
        where T : class, IMessage<T>, new() => OfJson<T>(section, $"a section {typeof(T).Name}", nameof(section));

    private static T OfJson<T>(string json, string what, string parameter)
        where T : class, IMessage<T>, new()
    {
        try
        {
            var unknown = new List<string>();
            var message = ProtoJson.Read<T>(json, unknown);
            return unknown.Count == 0 ? message : throw new FormatException($"{unknown[0]}: unknown field");
        }
        catch (FormatException error)
        {
            throw new ArgumentException($"not {what}: {error.Message}", parameter, error);
        }
    }

    private static JobFileException Unusable(string file, string problem) => new([new(file, 0, 0, "", problem)]);
}
