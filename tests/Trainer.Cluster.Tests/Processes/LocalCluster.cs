using System.Globalization;
using System.Text.Json;

namespace Trainer.Cluster.Tests.Processes;

/// <summary>`trainer up --detach` in a home of its own; disposing runs `trainer down` and deletes it.</summary>
public sealed class LocalCluster : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>For jobs that are to last: each step of a worker takes so many milliseconds at least, which cost no processor (FaultProbe).</summary>
    public static readonly IReadOnlyDictionary<string, string> SlowSteps = new Dictionary<string, string>(StringComparer.Ordinal) { ["TRAINER_CHAOS_PROBE"] = "forward:20:pause" };

    // However long what a test does to a job takes on a loaded machine: until then the job must not be over.
    private const int MillisecondsOfASlowStep = 300;

    private readonly Dictionary<string, string> _environment;

    private LocalCluster(string home, IReadOnlyDictionary<string, string> environment)
    {
        Home = home;
        _environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["TRAINER_HOME"] = home,
            ["TRAINER_CHAOS_PROBE"] = $"forward:{MillisecondsOfASlowStep}:pause:{SlowWhile}",
        };
        foreach (var (name, value) in environment)
        {
            _environment[name] = value;
        }
    }

    private string SlowWhile => Path.Combine(Home, "slow");

    public string Home { get; }

    public static Task<LocalCluster> UpAsync(int workers, int threads, params string[] more) => UpAsync(new Dictionary<string, string>(StringComparer.Ordinal), workers, threads, more);

    /// <param name="environment">More of it, for all processes.</param>
    public static Task<LocalCluster> UpAsync(IReadOnlyDictionary<string, string> environment, int workers, int threads, params string[] more) =>
        UpAsync(Directory.CreateTempSubdirectory("trainer-cluster-").FullName, environment, workers, threads, more);

    /// <summary>In a group whose memory is limited; to be disposed before it is.</summary>
    internal static Task<LocalCluster> UpInAsync(MemoryGroup group, int workers, int threads) =>
        UpAsync(Directory.CreateTempSubdirectory("trainer-cluster-").FullName, new Dictionary<string, string>(StringComparer.Ordinal), workers, threads, [], group);

    /// <summary>In a home that is there, with what an earlier cluster left in it.</summary>
    public static Task<LocalCluster> UpInAsync(string home, int workers, int threads) => UpAsync(home, new Dictionary<string, string>(StringComparer.Ordinal), workers, threads, []);

    private static async Task<LocalCluster> UpAsync(string home, IReadOnlyDictionary<string, string> environment, int workers, int threads, string[] more, MemoryGroup? group = null)
    {
        var cluster = new LocalCluster(home, environment);
        string[] arguments =
        [
            "up", "--detach", "--workers", workers.ToString(CultureInfo.InvariantCulture),
            "--threads-per-worker", threads.ToString(CultureInfo.InvariantCulture), .. more,
        ];
        var up = group is null ? await cluster.RunAsync(arguments) : await TrainerProcess.RunInAsync(group, cluster._environment, Patience, arguments);
        if (up.ExitCode != 0)
        {
            var logs = cluster.Logs();
            await cluster.DisposeAsync();
            Assert.Fail($"trainer up: {up}\n{logs}");
        }

        return cluster;
    }

    /// <summary>From now on a step takes its time, so that no job of more than some hundred steps ends before <see cref="SpeedUp"/>.</summary>
    public void SlowDown() => File.WriteAllBytes(SlowWhile, []);

    public void SpeedUp() => File.Delete(SlowWhile);

    public Task<Outcome> RunAsync(params string[] arguments) => TrainerProcess.RunAsync(_environment, Patience, arguments);

    /// <summary>Submits, follows to the end and returns the last JSON line.</summary>
    public async Task<JsonElement> TrainAsync(string jobFile)
    {
        var outcome = await RunAsync("submit", jobFile, "--follow", "--output", "json");
        Assert.True(outcome.ExitCode == 0, $"submit: {outcome}\n{Logs()}");
        return JsonDocument.Parse(outcome.Lines[^1]).RootElement;
    }

    /// <summary>Submits without following; returns the job's id.</summary>
    public async Task<string> SubmitAsync(string jobFile, params string[] options)
    {
        var outcome = await RunAsync(["submit", jobFile, .. options, "--output", "json"]);
        Assert.True(outcome.ExitCode == 0, $"submit: {outcome}");
        return JsonDocument.Parse(outcome.Lines[^1]).RootElement.GetProperty("id").GetString()!;
    }

    public async Task<JsonElement> GetAsync(string id)
    {
        var outcome = await RunAsync("get", id, "--output", "json");
        Assert.True(outcome.ExitCode == 0, $"get: {outcome}");
        return JsonDocument.Parse(outcome.Output).RootElement;
    }

    /// <summary>Follows a job until <paramref name="condition"/> holds for one of its JSON lines, and returns that line.</summary>
    public async Task<JsonElement> WatchUntilAsync(string id, Func<JsonElement, bool> condition)
    {
        using var watch = TrainerProcess.Start(_environment, "watch", id, "--output", "json");
        using var limit = new CancellationTokenSource(Patience);
        var error = watch.StandardError.ReadToEndAsync(limit.Token);
        var last = "";
        try
        {
            while (await watch.StandardOutput.ReadLineAsync(limit.Token) is { } line)
            {
                last = line;
                var job = JsonDocument.Parse(line).RootElement;
                if (job.GetProperty("event").GetString() != "notice" && condition(job))
                {
                    return job;
                }
            }
        }
        finally
        {
            watch.Kill();
            await watch.WaitForExitAsync();
        }

        throw new InvalidOperationException(
            $"`trainer watch {id}` ended with exit code {watch.ExitCode} before the condition held. Its last line:\n{last}\n{await error}\n{Logs()}");
    }

    /// <summary>The process id that a process of the cluster published.</summary>
    public int ProcessId(string name)
    {
        var file = Path.Combine(Home, "run", "endpoints", $"{name}.json");
        using var document = JsonDocument.Parse(File.ReadAllText(file));
        return document.RootElement.EnumerateObject()
            .First(property => property.Name.Replace("_", "", StringComparison.Ordinal).Equals("processid", StringComparison.OrdinalIgnoreCase))
            .Value.GetInt32();
    }

    public string Logs()
    {
        var folder = Path.Combine(Home, "logs");
        return !Directory.Exists(folder) ? "(no logs)" : string.Join(
            '\n', Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(file => $"--- {Path.GetFileName(file)}\n{Tail(file)}"));
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync("down");
        Directory.Delete(Home, recursive: true);
    }

    private static string Tail(string file) => string.Join('\n', File.ReadLines(file).TakeLast(60));
}
