namespace Trainer;

/// <summary>Finds the word that a misspelt one was meant to be.</summary>
internal static class DidYouMean
{
    /// <summary>The nearest of <paramref name="known"/> within a third of its length (at least one edit), or null.</summary>
    public static string? Nearest(string word, IEnumerable<string> known)
    {
        if (word.Length > 64)
        {
            return null;
        }

        (var name, var distance) = known
            .Select(name => (name, Distance(Normal(word), Normal(name))))
            .OrderBy(candidate => candidate.Item2)
            .FirstOrDefault(("", int.MaxValue));
        return distance <= Math.Max(1, name.Length / 3) ? name : null;
    }

    /// <summary>", did you mean 'epochs'?" or ", known here: epochs, batch_size, ...".</summary>
    public static string Hint(string word, IReadOnlyCollection<string> known) => (Nearest(word, known), known.Count) switch
    {
        ({ } name, _) => $", did you mean '{name}'?",
        (null, 0) => ", none is known here",
        _ => $", known here: {string.Join(", ", known)}",
    };

    /// <summary>Edits (insertion, deletion, substitution, exchange of neighbours) between two words: optimal string alignment.</summary>
    public static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    d[i, j] = i + j;
                    continue;
                }
                var substitution = a[i - 1] == b[j - 1] ? 0 : 1;
                d[i, j] = Math.Min(Math.Min(d[i - 1, j], d[i, j - 1]) + 1, d[i - 1, j - 1] + substitution);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
                }
            }
        }
        return d[a.Length, b.Length];
    }

    // batchSize, batch-size and Batch_Size are all spellings of batch_size.
    private static string Normal(string word) => word.Replace('-', '_').Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();
}
