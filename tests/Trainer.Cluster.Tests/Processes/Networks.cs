using System.Diagnostics;
using System.Globalization;

namespace Trainer.Cluster.Tests.Processes;

/// <summary>Networks of one machine each, on one switch, which can be cut off from it. Needs root: without, a test that wants them is skipped, and says so.</summary>
internal sealed class Networks : IAsyncDisposable
{
    private const string Prefix = "10.86.11.";

    private readonly string _name = $"t{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}";
    private readonly int _count;

    private Networks(int count) => _count = count;

    /// <summary>This machine's own, on the switch.</summary>
    public static string Here => Prefix + "1";

    public static async Task<Networks> MakeAsync(int count)
    {
        var networks = new Networks(count);
        if (!Environment.IsPrivilegedProcess || !await RunAsync("link", "add", networks._name, "type", "bridge"))
        {
            Assert.Skip("Only root can make networks, where it may.");
        }

        await MustAsync("addr", "add", $"{Here}/24", "dev", networks._name);
        await MustAsync("link", "set", networks._name, "up");
        for (var i = 0; i < count; i++)
        {
            var (space, outside) = (networks.Space(i), networks.Outside(i));
            await MustAsync("netns", "add", space);
            await MustAsync("link", "add", outside, "type", "veth", "peer", "name", "inside", "netns", space);
            await MustAsync("link", "set", outside, "master", networks._name, "up");
            await MustAsync("-n", space, "addr", "add", $"{Address(i)}/24", "dev", "inside");
            await MustAsync("-n", space, "link", "set", "inside", "up");
            await MustAsync("-n", space, "link", "set", "lo", "up");
        }

        return networks;
    }

    public static string Address(int number) => $"{Prefix}{(10 + number).ToString(CultureInfo.InvariantCulture)}";

    /// <summary>In which a process is started.</summary>
    public string Space(int number) => $"{_name}-{number.ToString(CultureInfo.InvariantCulture)}";

    public Task CutAsync(int number) => MustAsync("link", "set", Outside(number), "down");

    public Task MendAsync(int number) => MustAsync("link", "set", Outside(number), "up");

    public async ValueTask DisposeAsync()
    {
        for (var i = 0; i < _count; i++)
        {
            await RunAsync("netns", "del", Space(i));
        }

        await RunAsync("link", "del", _name);
    }

    private string Outside(int number) => $"{_name}v{number.ToString(CultureInfo.InvariantCulture)}";

    private static async Task MustAsync(params string[] arguments) => Assert.True(await RunAsync(arguments), string.Join(' ', arguments));

    private static async Task<bool> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("ip", arguments) { UseShellExecute = false, RedirectStandardError = true });
        await process!.WaitForExitAsync();
        return process.ExitCode == 0;
    }
}
