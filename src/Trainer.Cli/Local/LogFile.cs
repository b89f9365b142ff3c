using System.Diagnostics;

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
        {
            File.Move(path, path + ".1", overwrite: true);
        }

        return path;
    }

    /// <summary>How to start a program whose output goes to the file, and whose input is a pipe from here.</summary>
    /// <remarks>The shell only opens the files; exec makes the program take its place and pid.</remarks>
    public static ProcessStartInfo Redirect(string path, string program, IEnumerable<string> arguments) =>
        new("/bin/sh", ["-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1", "sh", path, program, .. arguments])
        {
            RedirectStandardInput = true,
            UseShellExecute = false,
        };

    /// <summary>The last lines, indented; says so where there are none.</summary>
    public static string Tail(string path)
    {
        var lines = File.Exists(path) ? File.ReadLines(path).Where(line => line.Length > 0).TakeLast(TailLines).ToList() : [];
        return lines.Count > 0 ? string.Join(Environment.NewLine, lines.Select(line => $"  | {line}")) : "  | (nothing)";
    }
}
