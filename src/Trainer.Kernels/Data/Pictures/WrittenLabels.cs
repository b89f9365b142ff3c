using System.Globalization;

namespace Trainer.Kernels.Data.Pictures;

/// <summary>Labels that somebody wrote down: numbers, or names, which are numbered in their order.</summary>
internal sealed class WrittenLabels
{
    private const int MostNamed = 10;

    private readonly Dictionary<string, int> _numbers;

    private WrittenLabels(IReadOnlyList<string> names)
    {
        Names = names;
        _numbers = names.Select((name, label) => (name, label)).ToDictionary(pair => pair.name, pair => pair.label, StringComparer.Ordinal);
    }

    /// <summary>Empty: they are numbers.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <param name="known">Class names of the training set; null: these are its labels.</param>
    public static WrittenLabels Of(IEnumerable<string> written, IReadOnlyList<string>? known)
    {
        if (known is not null)
        {
            return new WrittenLabels(known);
        }

        string[] distinct = [.. written.Distinct().Order(StringComparer.Ordinal)];
        return new WrittenLabels(distinct.All(label => int.TryParse(label, CultureInfo.InvariantCulture, out _)) ? [] : distinct);
    }

    /// <param name="file">Where it stands, for messages; likewise <paramref name="place"/>.</param>
    /// <exception cref="DataFileException">It is none of them.</exception>
    public int NumberOf(string file, string place, string label) => _numbers.TryGetValue(label, out var named) ? named
        : Names.Count == 0 && int.TryParse(label, CultureInfo.InvariantCulture, out var number) ? number
        : throw new DataFileException(file, $"{place} has the label '{label}'; expected {(Names.Count == 0 ? "a number" : $"one of {string.Join(", ", Names.Take(MostNamed))}")}");
}
