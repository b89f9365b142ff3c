namespace Trainer.Cli.Local;

/// <summary>Logs of local processes: one file each per `up`, with the one before kept beside it.</summary>
internal static class LogFile
{
    private const int TailLines = 12;

    /// <summary>Puts an older log aside as NAME.log.1.</summary>
    public static string Fresh(string folder, string name)
    {
        var path = Path.Combine(folder, $"{name}.log");
        Directory.CreateDirectory(folder);
        if (File.Exists(path))
            File.Move(path, path + ".1", overwrite: true);
        return path;
    }

    /// <summary>The last lines, indented; says so where there are none.</summary>
    public static string Tail(string path)
    {
        var lines = File.Exists(path) ? File.ReadLines(path).Where(line => line.Length > 0).TakeLast(TailLines).ToList() : [];
        return lines.Count > 0 ? string.Join(Environment.NewLine, lines.Select(line => $"  | {line}")) : "  | (nothing)";
    }
}
