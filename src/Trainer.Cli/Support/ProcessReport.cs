using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Trainer.Cli.Home;
using Trainer.Hosting.Run;

namespace Trainer.Cli.Support;

/// <summary>What processes of a cluster on this machine are at: their metrics, their threads as the kernel shows them, the ends of their logs.</summary>
/// <remarks>Stacks of managed code are not among it: that takes dotnet-stack, which is no part of this program.</remarks>
internal static class ProcessReport
{
    private const int LogBytes = 1 << 20;

    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(3);

    public static async Task WriteAsync(string runFolder, SupportArchive archive, CancellationToken stop)
    {
        if (RunFolder.TryOpen(runFolder) is not { } run)
        {
            archive.Note("processes", $"no cluster runs on this machine ({runFolder}): take metrics, logs and stacks of the processes where they run");
            return;
        }

        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = AnswerWithin };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", run.Token);
        foreach (var process in run.Endpoints())
        {
            await MetricsAsync(http, process, archive, stop);
            archive.Add($"processes/{process.Name}/threads.txt", Threads(process.ProcessId));
        }

        archive.Note("stacks of managed code", "threads.txt has each thread's name, state and system call; for managed stacks run dotnet-stack report -p PID where it is installed");
        Logs(LocalClusterRecord.Find(run)?.Logs, archive);
    }

    private static async Task MetricsAsync(HttpClient http, ProcessEndpoint process, SupportArchive archive, CancellationToken stop)
    {
        var name = $"processes/{process.Name}/metrics.txt";
        try
        {
            archive.Add(name, await http.GetStringAsync(new Uri($"{process.Http}/metrics"), stop));
        }
        catch (Exception e) when (e is HttpRequestException || e is OperationCanceledException && !stop.IsCancellationRequested)
        {
            archive.Note(name, e.Message);
        }
    }

    // "4711  S  training  futex_do_wait  202": id, state, name, where it waits in the kernel, the number of its system call.
    private static string Threads(int process)
    {
        var text = new StringBuilder(Read($"/proc/{process}/status")).Append('\n');
        var tasks = new DirectoryInfo($"/proc/{process}/task");
        foreach (var thread in (tasks.Exists ? tasks.GetDirectories() : []).OrderBy(task => int.Parse(task.Name, CultureInfo.InvariantCulture)))
        {
            var stat = Read($"{thread}/stat");
            var state = stat.LastIndexOf(") ", StringComparison.Ordinal) is var end and >= 0 ? stat[(end + 2)..(end + 3)] : "?";
            text.Append(CultureInfo.InvariantCulture, $"{thread.Name}  {state}  {Read($"{thread}/comm"),-16}  {Read($"{thread}/wchan"),-24}  {Read($"{thread}/syscall")}\n");
        }

        return text.ToString();
    }

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file).TrimEnd('\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "?"; // The thread has ended, or the kernel shows it to root alone.
        }
    }

    private static void Logs(string? folder, SupportArchive archive)
    {
        if (folder is null || !Directory.Exists(folder))
        {
            archive.Note("logs of processes", "no supervisor of this machine's cluster is alive");
            return;
        }

        foreach (var file in Directory.EnumerateFiles(folder, "*.log").Order(StringComparer.Ordinal))
        {
            using var log = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            log.Position = Math.Max(0, log.Length - LogBytes);
            using var text = new StreamReader(log);
            archive.Add($"logs/{Path.GetFileName(file)}", text.ReadToEnd());
        }
    }
}
