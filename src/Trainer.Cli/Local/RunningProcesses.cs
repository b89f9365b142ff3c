using System.Globalization;
using Trainer.Hosting.Run;

namespace Trainer.Cli.Local;

/// <summary>
/// The processes of a local cluster as the machine lists them. The run folder tells the same, more simply, but somebody may have deleted it while they
/// run; every process of the cluster but its supervisor has it on its command line.
/// </summary>
internal static class RunningProcesses
{
    private const string RunFolderOption = "--run-folder";

    /// <summary>Coordinator, nodes and their supervisor with this run folder.</summary>
    public static IEnumerable<ClusterProcess> Of(string runFolder)
    {
        var members = All().Where(process => RunFolderOf(process.Words, process.Id) == runFolder).ToList();
        var supervisors = members.Select(member => Parent(member.Id)).Distinct().Where(parent => IsSupervisor(ProcessText.CommandLine(parent)));
        return supervisors.Select(supervisor => (Id: supervisor, Name: Leftovers.Supervisor))
            .Concat(members.Select(member => (member.Id, Name: NameOf(member.Words))))
            .Select(found => (found.Name, Identity: ProcessIdentity.Of(found.Id)))
            .Where(found => found.Identity is not null)
            .Select(found => new ClusterProcess(found.Name, found.Identity!.Value));
    }

    private static bool IsSupervisor(IReadOnlyList<string> words) =>
        words.Contains("up") && words.Take(2).Any(word => Path.GetFileNameWithoutExtension(word) == "trainer"); // trainer, or dotnet trainer.dll

    private static IEnumerable<(int Id, IReadOnlyList<string> Words)> All() => Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) ? id : 0)
        .Where(id => id > 0 && id != Environment.ProcessId)
        .Order()
        .Select(id => (id, ProcessText.CommandLine(id)));

    /// <summary>The run folder on the command line of a coordinator or node; null for any other process.</summary>
    private static string? RunFolderOf(IReadOnlyList<string> words, int id)
    {
        if (!words.Contains("coordinator") && !words.Contains("node"))
        {
            return null;
        }

        return Value(words, RunFolderOption) is { } given ? Path.GetFullPath(given, Folder(id)) : null;
    }

    private static string NameOf(IReadOnlyList<string> words) => Value(words, "--name") ?? words.First(word => word is "coordinator" or "node");

    private static string? Value(IReadOnlyList<string> words, string option)
    {
        for (var i = 0; i < words.Count; i++)
        {
            if (words[i] == option && i + 1 < words.Count)
            {
                return words[i + 1];
            }

            if (words[i].StartsWith(option + "=", StringComparison.Ordinal))
            {
                return words[i][(option.Length + 1)..];
            }
        }
        return null;
    }

    /// <summary>Where the process was started; the root where that cannot be read.</summary>
    private static string Folder(int id)
    {
        try
        {
            return Directory.ResolveLinkTarget($"/proc/{id}/cwd", returnFinalTarget: false)?.FullName ?? "/";
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "/";
        }
    }

    private static int Parent(int id)
    {
        try
        {
            var line = File.ReadLines($"/proc/{id}/status").First(line => line.StartsWith("PPid:", StringComparison.Ordinal));
            return int.Parse(line.AsSpan("PPid:".Length), CultureInfo.InvariantCulture);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return 0;
        }
    }
}
