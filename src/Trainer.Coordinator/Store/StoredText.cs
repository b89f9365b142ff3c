using System.Text;

namespace Trainer.Coordinator.Store;

/// <summary>Text that any database keeps: no NUL, which PostgreSQL refuses, and no half of a surrogate pair, which is no UTF-8.</summary>
internal static class StoredText
{
    public static string Of(string text)
    {
        var kept = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes()) // A lone half comes as U+FFFD.
        {
            kept.Append(rune.Value == 0 ? Rune.ReplacementChar.ToString() : rune.ToString());
        }

        return kept.ToString();
    }
}
