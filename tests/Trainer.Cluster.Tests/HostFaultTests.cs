using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests;

/// <summary>Coordinators and nodes that cannot start: each says why in one line, and ends with a code.</summary>
[Collection("processes")]
public sealed class HostFaultTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly IReadOnlyDictionary<string, string> NoMore = new Dictionary<string, string>(StringComparer.Ordinal);

    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-faults-").FullName;

    private string RunFolder => Path.Combine(_folder, "run");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("foo")]
    [InlineData("host:0")]
    public async Task A_seed_that_is_no_address_is_a_wrong_command_line(string seed)
    {
        var node = await RunAsync("node", "--seed", seed);

        Assert.Equal(2, node.ExitCode);
        Assert.StartsWith($"--seed: expected HOST:PORT or akka.tcp://trainer@HOST:PORT, got '{seed}'.\n", node.Error);
    }

    [Fact]
    public async Task A_seed_that_nobody_knows_is_told_once_and_the_node_goes_on()
    {
        using var node = Start("node", "--name", "w", "--device", "cpu", "--insecure", "--seed", "nosuchhost.invalid:4053");
        Assert.Contains("cpu computes the golden step of canonical-4", await node.StandardOutput.ReadLineAsync());
        Assert.Contains("w on cpu", await node.StandardOutput.ReadLineAsync());
        Assert.Contains("warn  Trainer.Node: --insecure: this process speaks in clear and lets everybody in.", await node.StandardOutput.ReadLineAsync());

        Assert.Contains("No coordinator has taken this process in yet: nosuchhost.invalid:4053 (", await node.StandardOutput.ReadLineAsync());

        Assert.False(node.HasExited);
        Posix(node, "TERM");
        await node.WaitForExitAsync().WaitAsync(Patience);
        Assert.Equal(0, node.ExitCode);
        Assert.Equal("", await node.StandardOutput.ReadToEndAsync());
    }

    [Fact]
    public async Task A_second_node_of_a_name_says_who_has_it_and_leaves_its_socket()
    {
        using var first = Start("node", "--name", "w", "--device", "cpu", "--run-folder", RunFolder);
        Assert.Contains("cpu computes the golden step of canonical-4", await first.StandardOutput.ReadLineAsync());
        Assert.Contains("w on cpu", await first.StandardOutput.ReadLineAsync());

        var second = await RunAsync("node", "--name", "w", "--device", "cpu", "--run-folder", RunFolder);

        AssertEndsInOneLine(second, $"w cannot start: {RunFolder} already has a running 'w', process {first.Id} (");
        using var link = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await link.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(RunFolder, "links", "w.sock")));
        await StopAsync(first);
    }

    [Fact]
    public async Task A_run_folder_has_one_coordinator()
    {
        using var first = Start("coordinator", "--run-folder", RunFolder, "--store", Path.Combine(_folder, "a"), "--artifacts", Path.Combine(_folder, "jobs"));
        Assert.Contains("job API", await first.StandardOutput.ReadLineAsync());

        var second = await RunAsync("coordinator", "--name", "second", "--run-folder", RunFolder, "--store", Path.Combine(_folder, "b"), "--artifacts", Path.Combine(_folder, "jobs"));
        var third = await RunAsync("coordinator", "--insecure", "--store", Path.Combine(_folder, "a"), "--artifacts", Path.Combine(_folder, "jobs"));

        AssertEndsInOneLine(second, $"second cannot start: {RunFolder} already has a coordinator, process {first.Id} (");
        AssertEndsInOneLine(third, $"coordinator cannot start: Store folder '{Path.Combine(_folder, "a")}' is held by process {first.Id} (");
        Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(Path.Combine(_folder, "a")));
        Assert.All(Directory.GetFiles(Path.Combine(_folder, "a")), file => Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode(file)));
        await StopAsync(first);
    }

    [Theory]
    [InlineData("--cluster-port", "actor messages cannot be taken at 127.0.0.1:{0}: address already in use")]
    [InlineData("--http-port", "Failed to bind to address http://127.0.0.1:{0}: address already in use.")]
    [InlineData("--link-port", "links cannot be taken at tcp://127.0.0.1:{0}: address already in use")]
    public async Task A_port_that_is_taken_is_one_line(string option, string reason)
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        var port = ((IPEndPoint)taken.LocalEndPoint!).Port;

        var node = await RunAsync("node", "--name", "w", "--device", "cpu", "--insecure", "--seed", "127.0.0.1:1", option, $"{port}");

        Assert.Equal(1, node.ExitCode);
        Assert.EndsWith($"error Trainer.Node: w cannot start: {string.Format(reason, port)}\n", node.Output);
        Assert.Single(node.Lines, line => line.Contains(" error ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_host_without_an_address_is_named()
    {
        var node = await RunAsync("node", "--name", "w", "--device", "cpu", "--seed", "127.0.0.1:1", "--host", "nosuchhost.invalid", "--insecure", "--log-format", "json");

        AssertEndsInOneLine(node, "w cannot start: Host 'nosuchhost.invalid' has no address (");
        Assert.StartsWith("{\"time\":\"", node.Output);
    }

    private static void AssertEndsInOneLine(Outcome process, string reason)
    {
        Assert.True(process.ExitCode == 1, $"{process}");
        Assert.Contains(reason, Assert.Single(process.Lines));
    }

    private static Process Start(params string[] arguments) => TrainerProcess.Start(NoMore, arguments);

    private static Task<Outcome> RunAsync(params string[] arguments) => TrainerProcess.RunAsync(NoMore, Patience, arguments);

    private static void Posix(Process process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        kill.WaitForExit();
    }

    private static async Task StopAsync(Process process)
    {
        Posix(process, "TERM");
        await process.WaitForExitAsync().WaitAsync(Patience);
        Assert.Equal(0, process.ExitCode);
    }
}
