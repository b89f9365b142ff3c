using Trainer.Kernels.Data;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Training;

/// <summary>Names that begin with one text begin with another instead.</summary>
public sealed record Rename(string From, string To = "");

/// <summary>Which tensors of a file a model takes, and by which names. Patterns know * and ?.</summary>
public sealed record WeightSelection
{
    public static WeightSelection All { get; } = new();

    /// <summary>Of each name the first that fits; before all else, so that the rest speaks of the model's names.</summary>
    public IReadOnlyList<Rename> Rename { get; init; } = [];

    /// <summary>These alone; empty: all.</summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    /// <summary>Not these.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Tensors of the model that are drawn as they would be without a file, whatever the file has.</summary>
    public IReadOnlyList<string> Reset { get; init; } = [];

    /// <summary>Reads the init section of a job file in its JSON form.</summary>
    /// <exception cref="ModelException">With the path of the field and what is wrong with it.</exception>
    public static WeightSelection FromJson(string init) => JsonValue.Parse(init, "training.init", value =>
    {
        var section = new JobSection(value);
        return new WeightSelection
        {
            Rename = section.Get<IReadOnlyList<Rename>>("rename") ?? [],
            Include = section.Get<IReadOnlyList<string>>("include") ?? [],
            Exclude = section.Get<IReadOnlyList<string>>("exclude") ?? [],
            Reset = section.Get<IReadOnlyList<string>>("reset") ?? [],
        };
    });

    /// <summary>The tensors that are meant, by the model's names; and by these too, what is left out because this says so.</summary>
    /// <param name="path">Of the file, for messages.</param>
    /// <exception cref="DataFileException">A name or a pattern speaks of nothing, or two tensors get one name.</exception>
    internal (IReadOnlyDictionary<string, TensorEntry> Meant, IReadOnlyList<string> Excluded) Of(string path, TensorFile file)
    {
        var (meant, excluded) = (new Dictionary<string, TensorEntry>(StringComparer.Ordinal), new List<string>());
        var renamed = file.Entries.Values.Select(entry => (Name: NameOf(entry.Name), Entry: entry)).ToList();
        RefuseIdle(path, "rename", Rename.Select(each => each.From), (from, name) => name.StartsWith(from, StringComparison.Ordinal), file.Entries.Keys);
        RefuseIdle(path, "include", Include, NamePattern.Matches, renamed.Select(pair => pair.Name));
        RefuseIdle(path, "exclude", Exclude, NamePattern.Matches, renamed.Select(pair => pair.Name));
        foreach (var (name, entry) in renamed)
        {
            if (!IsMeant(name))
            {
                excluded.Add(name);
            }
            else if (!meant.TryAdd(name, entry))
            {
                throw new DataFileException(path, $"tensors '{meant[name].Name}' and '{entry.Name}' are both '{name}' by training.init.rename");
            }
        }

        return (meant, [.. excluded.Order(StringComparer.Ordinal)]);
    }

    internal bool Resets(string name) => Reset.Any(pattern => NamePattern.Matches(pattern, name));

    /// <exception cref="DataFileException">A pattern fits none of them.</exception>
    internal static void RefuseIdle(string path, string field, IEnumerable<string> patterns, Func<string, string, bool> fits, IEnumerable<string> names)
    {
        List<string> known = [.. names.Order(StringComparer.Ordinal)];
        if (patterns.FirstOrDefault(pattern => !known.Exists(name => fits(pattern, name))) is { } idle)
        {
            throw new DataFileException(path, $"training.init.{field}: '{idle}' fits no tensor; the first ones are {string.Join(", ", known.Take(4))}");
        }
    }

    private bool IsMeant(string name) =>
        (Include.Count == 0 || Include.Any(pattern => NamePattern.Matches(pattern, name))) && !Exclude.Any(pattern => NamePattern.Matches(pattern, name)) && !Resets(name);

    private string NameOf(string name) => Rename.FirstOrDefault(each => name.StartsWith(each.From, StringComparison.Ordinal)) is { } found ? found.To + name[found.From.Length..] : name;
}
