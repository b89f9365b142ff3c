namespace Trainer.Hosting.Run;

/// <summary>A process in words, for whoever has to find it: <c>process 1234 (trainer coordinator --name coordinator)</c>.</summary>
public static class ProcessText
{
    private const int LongestCommand = 120;

    /// <param name="process">Null: one that cannot be seen from here.</param>
    public static string Of(int? process)
    {
        if (process is not { } id)
        {
            return "a process that cannot be seen from here";
        }

        var command = string.Join(' ', CommandLine(id));
        return command.Length == 0 ? $"process {id}" : $"process {id} ({(command.Length > LongestCommand ? command[..LongestCommand] + " ..." : command)})";
    }

    /// <summary>The program's name without its folder, then its arguments; empty where they cannot be read.</summary>
    public static IReadOnlyList<string> CommandLine(int process)
    {
        try
        {
            var words = File.ReadAllText($"/proc/{process}/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);
            return words.Length == 0 ? [] : [Path.GetFileName(words[0]), .. words[1..]];
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
