using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests;

/// <summary>Processes with certificates of their own, as on several machines: what they train, how certificates are exchanged, and what strangers do to them.</summary>
[Collection("processes")]
public sealed class CertificateTests
{
    [Fact]
    [Trait("Category", "Long")]
    public async Task A_job_goes_on_while_everything_is_exchanged_twice_and_comes_to_the_same_weights()
    {
        await using var cluster = await SecureCluster.StartAsync(nodes: 2, slowness: "forward:150:pause");
        var job = new TinyJob(Epochs: 120, MinWorkers: 2, MaxWorkers: 2).Write(cluster.Home);
        var training = cluster.RunAsync("submit", job, "--follow", "--output", "json");
        await cluster.LogsAsync("Training on worker-0 and worker-1", 1);
        var (exchanges, current) = (0, cluster.Certificates);
        for (var round = 1; round <= 2; round++)
        {
            var next = Path.Combine(cluster.Home, $"next-{round}");
            await cluster.IssueAsync(next);
            var (old, both) = (File.ReadAllText(Path.Combine(current, "ca.pem")), File.ReadAllText(Path.Combine(current, "ca.pem")) + File.ReadAllText(Path.Combine(next, "ca.pem")));
            Assert.DoesNotContain(File.ReadAllText(Path.Combine(next, "ca.pem")), old);
            await ExchangeAsync(() => Replace("ca.pem", both));
            await ExchangeAsync(() =>
            {
                foreach (var name in (string[])["coordinator.pem", "coordinator.key", "node.pem", "node.key"])
                {
                    Replace(name, File.ReadAllText(Path.Combine(next, name)));
                }
            });
            await ExchangeAsync(() => Replace("ca.pem", File.ReadAllText(Path.Combine(next, "ca.pem"))));
        }

        Assert.False(training.IsCompleted, "The job was to train meanwhile.");
        var outcome = await training;
        Assert.True(outcome.ExitCode == 0, $"{outcome}\n{cluster.Log}");
        Assert.True(cluster.AllRun);
        var result = JsonDocument.Parse(outcome.Lines[^1]).RootElement;
        await using var undisturbed = await LocalCluster.UpAsync(workers: 2, threads: 1);
        Assert.Equal((await undisturbed.TrainAsync(job)).GetProperty("weights_sha256").GetString(), result.GetProperty("weights_sha256").GetString());

        async Task ExchangeAsync(Action exchange)
        {
            exchange();
            exchanges += 3;
            await cluster.LogsAsync("Certificates were exchanged", exchanges);
        }

        void Replace(string name, string text)
        {
            var path = Path.Combine(cluster.Certificates, name);
            var draft = path + ".new";
            File.WriteAllText(draft, text);
            File.SetUnixFileMode(draft, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.Move(draft, path, overwrite: true);
        }
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Strangers_on_every_port_disturb_no_job()
    {
        await using var cluster = await SecureCluster.StartAsync(nodes: 2, slowness: "forward:20:pause");
        Assert.Equal(5, cluster.Places.Count);
        var training = cluster.RunAsync("submit", new TinyJob(Epochs: 60, MinWorkers: 2, MaxWorkers: 2).Write(cluster.Home), "--follow", "--output", "json");
        byte[][] said = [[], new byte[4096], [0x16, 3, 1, 2, 0, 1], .. new[] { "GET / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" }.Select(System.Text.Encoding.ASCII.GetBytes)];
        var strangers = new List<Socket>();
        for (var round = 0; round < 40; round++)
        {
            foreach (var place in cluster.Places)
            {
                var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await stranger.ConnectAsync(IPEndPoint.Parse(place));
                await stranger.SendAsync(said[round % said.Length]);
                strangers.Add(stranger);
                if (round % 3 == 0)
                {
                    stranger.LingerState = new LingerOption(enable: true, seconds: 0);
                    stranger.Dispose();
                }
            }
        }

        var outcome = await training;
        strangers.ForEach(stranger => stranger.Dispose());
        Assert.True(outcome.ExitCode == 0, $"{outcome}\n{cluster.Log}");
        Assert.True(cluster.AllRun);
        Assert.DoesNotContain("was lost", cluster.Log, StringComparison.Ordinal);
        Assert.InRange(cluster.Log.Split('\n').Count(line => line.Contains("came to nothing", StringComparison.Ordinal)), 3, 15);

        var wrong = Path.Combine(cluster.Home, "wrong");
        await cluster.IssueAsync(wrong);
        var foreign = await cluster.RunAsync("jobs", "--ca", Path.Combine(wrong, "ca.pem"));
        Assert.Equal(3, foreign.ExitCode);
        Assert.StartsWith($"What is at https://{cluster.Places[0]} is not this cluster: its certificate is of another authority.\n", foreign.Error);
    }
}
