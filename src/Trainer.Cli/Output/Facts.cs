namespace Trainer.Cli.Output;

/// <summary>A two-column table of named facts.</summary>
internal static class Facts
{
    public static string Render(IEnumerable<(string Name, string Value)> facts)
    {
        var rows = facts.ToList();
        var width = rows.Max(row => row.Name.Length);
        return string.Join(Environment.NewLine, rows.Select(row => $"  {row.Name.PadRight(width)}  {row.Value}"));
    }
}
