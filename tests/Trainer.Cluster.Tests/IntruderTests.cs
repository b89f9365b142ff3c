using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;
using Trainer.Hosting.Run;

namespace Trainer.Cluster.Tests;

/// <summary>A real cluster under strangers, and all that it writes.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class IntruderTests
{
    private const string BucketSecret = "bucket-secret-2718281828";
    private const string StorePassword = "store-password-3141592653";

    [Fact]
    public async Task No_secret_is_in_anything_that_a_cluster_writes_shows_or_is_started_with()
    {
        await using var cluster = await LocalCluster.UpAsync(new Dictionary<string, string>(StringComparer.Ordinal) { ["AWS_SECRET_ACCESS_KEY"] = BucketSecret }, workers: 1, threads: 1);
        var own = await File.ReadAllTextAsync(Path.Combine(cluster.Home, "run", "token"));
        var made = await RunAsync(cluster, "token", "create", "--user", "eve", "--role", "operator", "--output", "json");
        var secret = JsonDocument.Parse(made).RootElement.GetProperty("secret").GetString()!;
        var file = Path.Combine(cluster.Home, "eve.token");
        await File.WriteAllTextAsync(file, secret);
        var id = await cluster.SubmitAsync(new TinyJob().Write(cluster.Home), "--token-file", file);
        await cluster.WatchUntilAsync(id, job => job.GetProperty("event").GetString() == "result");
        await File.WriteAllTextAsync(file, secret + "x");
        var shown = new StringBuilder();
        foreach (var command in new string[][] { ["jobs", "--token-file", file], ["get", id], ["logs", id], ["journal", id], ["workers"], ["token", "list"], ["cluster", "describe"], ["doctor"], ["backup", "--to", Path.Combine(cluster.Home, "backup.db")] })
        {
            shown.Append(await cluster.RunAsync(command));
            shown.Append(await cluster.RunAsync([.. command, "--output", "json"]));
        }

        using var http = new HttpClient { DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", own) } };
        foreach (var endpoint in RunFolder.OpenOrCreate(Path.Combine(cluster.Home, "run")).Endpoints())
        {
            shown.Append(await http.GetStringAsync($"{endpoint.Http}/metrics"));
            shown.Append(await File.ReadAllTextAsync($"/proc/{endpoint.ProcessId}/cmdline"));
        }

        var refused = await TrainerProcess.RunAsync(
            new Dictionary<string, string>(StringComparer.Ordinal) { ["TRAINER_HOME"] = cluster.Home, ["TRAINER_STORE"] = $"postgres://trainer:{StorePassword}@127.0.0.1:1/trainer?nonsense=1" },
            TimeSpan.FromSeconds(90), "coordinator", "--artifacts", Path.Combine(cluster.Home, "jobs"), "--insecure");
        Assert.NotEqual(0, refused.ExitCode);
        shown.Append(refused);

        string[] secrets = [own, secret, BucketSecret, StorePassword];
        Assert.All(secrets, word => Assert.DoesNotContain(word, shown.ToString(), StringComparison.Ordinal));
        foreach (var written in Directory.EnumerateFiles(cluster.Home, "*", SearchOption.AllDirectories).Where(path => !path.EndsWith("token", StringComparison.Ordinal) && !path.EndsWith(".sock", StringComparison.Ordinal) && !path.EndsWith(".lock", StringComparison.Ordinal)))
        {
            using var content = new MemoryStream();
            await using (var stream = new FileStream(written, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
            {
                await stream.CopyToAsync(content);
            }

            Assert.All(secrets, word => Assert.True(content.ToArray().AsSpan().IndexOf(Encoding.ASCII.GetBytes(word)) < 0, $"{written} has a secret in it"));
            var isTheirs = Path.GetDirectoryName(Path.GetRelativePath(cluster.Home, written))!.Split('/')[0] is "run" or "store" or "jobs" or "logs";
            Assert.Equal(UnixFileMode.None, !isTheirs ? UnixFileMode.None : File.GetUnixFileMode(written) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite));
        }
    }

    [Fact]
    public async Task Strangers_on_every_port_disturb_no_job_and_are_a_line_a_minute()
    {
        await using var cluster = await LocalCluster.UpAsync(LocalCluster.SlowSteps, workers: 2, threads: 1);
        var job = new TinyJob(Epochs: 40, MinWorkers: 2);
        var id = await cluster.SubmitAsync(job.Write(cluster.Home));
        await cluster.WatchUntilAsync(id, running => running.TryGetProperty("step", out var step) && step.GetUInt64() > 3);
        var processes = RunFolder.OpenOrCreate(Path.Combine(cluster.Home, "run")).Endpoints();
        var before = processes.ToDictionary(process => process.Name, process => Process.GetProcessById(process.ProcessId).Threads.Count);

        var ports = processes.SelectMany(process => Ports(process.ProcessId)).Distinct().ToList();
        Assert.True(ports.Count >= 8, string.Join(", ", ports)); // Of each its cluster and HTTP port, a worker's links, the job API.
        var strangers = new List<Socket>();
        var random = new Random(7);
        foreach (var port in Enumerable.Repeat(ports, 60).SelectMany(all => all))
        {
            strangers.Add(Knock(port, random));
        }

        Assert.All(processes, process => Assert.InRange(Process.GetProcessById(process.ProcessId).Threads.Count, 1, before[process.Name] + 40));
        await cluster.WatchUntilAsync(id, followed => followed.GetProperty("event").GetString() == "result");
        strangers.ForEach(stranger => stranger.Dispose());

        var ended = await cluster.GetAsync(id);
        Assert.Equal("SUCCEEDED", ended.GetProperty("state").GetString());
        var journal = await RunAsync(cluster, "journal", id, "--output", "json");
        Assert.Single(journal.Split('\n', StringSplitOptions.RemoveEmptyEntries)); // One generation: nobody was lost.
        foreach (var log in Directory.GetFiles(Path.Combine(cluster.Home, "logs")))
        {
            var lines = File.ReadLines(log).Count();
            Assert.True(lines < 60, $"{Path.GetFileName(log)} has {lines} lines:\n{cluster.Logs()}");
        }
    }

    [Fact]
    public async Task A_coordinator_with_few_files_serves_its_users_under_sixteen_hundred_silent_connections()
    {
        await using var cluster = await LocalCluster.UpAsync(workers: 1, threads: 1);
        var process = RunFolder.OpenOrCreate(Path.Combine(cluster.Home, "run")).Endpoints().Single(endpoint => endpoint.Grpc is not null);
        var prlimit = Process.Start("prlimit", ["--pid", $"{process.ProcessId}", "--nofile=1024:1024"]);
        await prlimit.WaitForExitAsync();
        Assert.Equal(0, prlimit.ExitCode);
        var silent = new List<Socket>();
        foreach (var port in new[] { new Uri(process.Grpc!).Port, new Uri(process.Http).Port })
        {
            for (var i = 0; i < 800; i++)
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                silent.Add(socket);
                await socket.ConnectAsync("127.0.0.1", port);
            }
        }

        await cluster.TrainAsync(new TinyJob().Write(cluster.Home));
        Assert.Equal(process.ProcessId, cluster.ProcessId("coordinator"));
        silent.ForEach(socket => socket.Dispose());
    }

    private static async Task<string> RunAsync(LocalCluster cluster, params string[] arguments)
    {
        var outcome = await cluster.RunAsync(arguments);
        Assert.True(outcome.ExitCode == 0, $"{outcome}");
        return outcome.Output;
    }

    // Silent, half a byte of a protocol, garbage, or reset at once.
    private static Socket Knock(int port, Random random)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Connect("127.0.0.1", port);
        try
        {
            switch (random.Next(4))
            {
                case 0:
                    socket.Send([(byte)'L']);
                    break;
                case 1:
                    var garbage = new byte[random.Next(1, 9000)];
                    random.NextBytes(garbage);
                    socket.Send(garbage);
                    break;
                case 2:
                    socket.LingerState = new LingerOption(true, 0);
                    socket.Dispose();
                    break;
            }
        }
        catch (SocketException)
        {
            // It has been closed already.
        }

        return socket;
    }

    /// <summary>The TCP ports on which a process listens.</summary>
    private static IEnumerable<int> Ports(int process)
    {
        var sockets = Directory.GetFiles($"/proc/{process}/fd").Select(fd => new FileInfo(fd).LinkTarget ?? "").ToHashSet(StringComparer.Ordinal);
        return new[] { "tcp", "tcp6" }.SelectMany(kind => File.ReadLines($"/proc/{process}/net/{kind}").Skip(1))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(cells => cells[3] == "0A" && sockets.Contains($"socket:[{cells[9]}]"))
            .Select(cells => Convert.ToInt32(cells[1].Split(':')[1], 16));
    }
}
