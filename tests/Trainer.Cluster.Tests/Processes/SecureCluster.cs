using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Trainer.Cluster.Tests.Processes;

/// <summary>A coordinator and nodes on loopback as on several machines: without a run folder, with certificates of their own, found by their addresses. Disposing kills them.</summary>
public sealed partial class SecureCluster : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    private readonly List<Process> _processes = [];
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly Dictionary<string, string> _slow;

    private IReadOnlyList<string> _command = [TrainerProcess.Executable];

    private SecureCluster(string slowness) => _slow = new(StringComparer.Ordinal) { ["TRAINER_CHAOS_PROBE"] = slowness };

    public string Home { get; } = Directory.CreateTempSubdirectory("trainer-secure-").FullName;

    public string Certificates => Path.Combine(Home, "certs");

    /// <summary>HOST:PORT of the job API, of the coordinator's HTTP port, of its cluster's port and of the nodes' links and cluster's ports.</summary>
    public List<string> Places { get; } = [];

    public string Log => string.Join('\n', _lines);

    public bool AllRun => _processes.TrueForAll(process => !process.HasExited);

    private string Api => $"https://{Places[0]}";

    /// <param name="slowness">See FaultProbe.</param>
    /// <param name="command">What the processes are started by, for a home: a program, and its first arguments.</param>
    public static async Task<SecureCluster> StartAsync(int nodes, string slowness, Func<string, IReadOnlyList<string>>? command = null)
    {
        var cluster = new SecureCluster(slowness);
        cluster._command = command?.Invoke(cluster.Home) ?? cluster._command;
        File.WriteAllText(Path.Combine(cluster.Home, "token"), "a-token");
        File.SetUnixFileMode(Path.Combine(cluster.Home, "token"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await cluster.IssueAsync(cluster.Certificates);
        cluster.Start(
            "coordinator", "--store", Path.Combine(cluster.Home, "store"), "--artifacts", Path.Combine(cluster.Home, "jobs"),
            "--token-file", Path.Combine(cluster.Home, "token"), "--data-root", cluster.Home);
        await cluster.LogsAsync("job API", 1);
        var places = Where().Match(cluster.Log);
        cluster.Places.AddRange([places.Groups["grpc"].Value, places.Groups["http"].Value, places.Groups["cluster"].Value]);
        for (var i = 0; i < nodes; i++)
        {
            cluster.Start("node", "--name", $"worker-{i}", "--device", "cpu", "--threads", "1", "--seed", cluster.Places[2], "--data-root", cluster.Home);
        }

        await cluster.LogsAsync("Joined the cluster.", nodes);
        cluster.Places.AddRange(Links().Matches(cluster.Log).Select(link => link.Groups["place"].Value));
        return cluster;
    }

    public async Task IssueAsync(string folder, params string[] more)
    {
        var certs = await RunAsync(["certs", "create", "--to", folder, .. more]);
        Assert.True(certs.ExitCode == 0, $"certs: {certs}");
    }

    public Task<Outcome> RunAsync(params string[] arguments) => TrainerProcess.RunAsync(
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["TRAINER_HOME"] = Home,
            ["TRAINER_ENDPOINT"] = Places.Count > 0 ? Api : "",
            ["TRAINER_TOKEN_FILE"] = Path.Combine(Home, "token"),
            ["TRAINER_CA"] = Path.Combine(Certificates, "ca.pem"),
        },
        Patience, arguments);

    /// <summary>Waits until so many lines of all logs together have the text.</summary>
    public async Task LogsAsync(string text, int count)
    {
        var since = Stopwatch.GetTimestamp();
        while (_lines.Count(line => line.Contains(text, StringComparison.Ordinal)) < count)
        {
            Assert.True(AllRun && Stopwatch.GetElapsedTime(since) < Patience, $"Waited for {count} lines with '{text}':\n{Log}");
            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }

        Directory.Delete(Home, recursive: true);
    }

    private void Start(string role, params string[] arguments)
    {
        var process = TrainerProcess.StartOf(
            _command[0], _slow,
            [
                .. _command.Skip(1), role, .. arguments, "--certificate", Path.Combine(Certificates, $"{role}.pem"), "--key", Path.Combine(Certificates, $"{role}.key"),
                "--ca", Path.Combine(Certificates, "ca.pem"), "--exit-with-parent",
            ]);
        process.OutputDataReceived += (_, line) => _lines.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => _lines.Enqueue(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _processes.Add(process);
    }

    [GeneratedRegex(@"job API https://(?<grpc>[\d.:]+), metrics and health http://(?<http>[\d.:]+), cluster akka.tcp://trainer@(?<cluster>[\d.]+:\d+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Where();

    [GeneratedRegex(@"links at tcp://(?<place>[\d.]+:\d+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Links();
}
