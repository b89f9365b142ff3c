namespace Trainer.Cli.Help;

/// <summary>The word that somebody probably meant.</summary>
internal static class Similar
{
    /// <returns>The nearest of the known words; null where none is near: at most one edit in three letters.</returns>
    public static string? To(string word, IEnumerable<string> known) => known
        .Select(candidate => (Word: candidate, Edits: Edits(word, candidate)))
        .Where(candidate => candidate.Edits * 3 <= Math.Max(word.Length, 3))
        .OrderBy(candidate => candidate.Edits)
        .Select(candidate => candidate.Word)
        .FirstOrDefault();

    /// <summary>
    /// Insertions, deletions, substitutions and swaps of neighbours that make <paramref name="b"/> of <paramref name="a"/>
    /// (optimal string alignment: Damerau 1964, each place edited once).
    /// </summary>
    internal static int Edits(string a, string b)
    {
        var edits = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                edits[i, j] = i == 0 || j == 0
                    ? i + j
                    : Math.Min(Math.Min(edits[i - 1, j], edits[i, j - 1]) + 1, edits[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    edits[i, j] = Math.Min(edits[i, j], edits[i - 2, j - 2] + 1);
                }
            }
        }
        return edits[a.Length, b.Length];
    }
}
