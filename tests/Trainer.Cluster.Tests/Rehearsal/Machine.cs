using System.Diagnostics;
using System.Globalization;

namespace Trainer.Cluster.Tests.Rehearsal;

/// <summary>A node of a cluster within this machine: namespaces in which pods' networks and processes are, with a DNS server. All of it ends with it, also where the tests are killed.</summary>
/// <remarks>Needs root, or that users may have namespaces of their own; nftables and dnsmasq, which ./test --all unpacks. Without them a test that wants it is skipped, and says so.</remarks>
internal sealed class Machine : IAsyncDisposable
{
    /// <summary>From which the kubelet asks.</summary>
    public static readonly Addresses Own = new(1);

    /// <summary>The DNS server's.</summary>
    public static readonly Addresses Dns = new(2);

    private static readonly string Scripts = Path.Combine(Repository.Root, "tests/rehearsal");
    private static readonly bool IsRoot = Environment.IsPrivilegedProcess;

    private readonly Process _process;
    private readonly string _packages;
    private readonly int _first;

    private Machine(Process process, string packages, string folder)
    {
        (_process, _packages, Folder) = (process, packages, folder);
        _first = Children(process.Id).Single();
    }

    /// <summary>For whatever pods want to have kept.</summary>
    public string Folder { get; }

    /// <summary>Who may be who the chart says: root alone may.</summary>
    public static string UserOf(long wanted) => IsRoot ? wanted.ToString(CultureInfo.InvariantCulture) : "0";

    private string Hosts => Path.Combine(Folder, "hosts");

    public static async Task<Machine> StartAsync()
    {
        var packages = Path.Combine(Environment.GetEnvironmentVariable("XDG_CACHE_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"), "trainer/rehearsal");
        var dnsmasq = Directory.Exists(packages) ? Path.Combine(packages, "usr/sbin/dnsmasq") : Deploy.Programs.Need("dnsmasq");
        Deploy.Programs.Need("curl");
        var folder = Directory.CreateTempSubdirectory("trainer-rehearsal-").FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        await File.WriteAllTextAsync(Path.Combine(folder, "hosts"), "");
        string[] own = IsRoot ? [] : ["--user", "--map-root-user"];
        var start = Start("unshare", packages, [.. own, "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", Path.Combine(Scripts, "machine"), Path.Combine(folder, "hosts"), Path.Combine(Scripts, "network"), dnsmasq]);
        var process = Process.Start(start)!;
        if (await process.StandardOutput.ReadLineAsync() == "ready")
        {
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            return new Machine(process, packages, folder);
        }

        var error = await process.StandardError.ReadToEndAsync();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
        Assert.Skip($"No network namespaces can be made, as root or in a user namespace (unshare -Urn): {error.Trim()}");
        return null!;
    }

    /// <summary>A script of tests/rehearsal.</summary>
    public static string Script(string name) => Path.Combine(Scripts, name);

    /// <summary>What names stand for from now on: lines of an address and a name.</summary>
    public async Task AnswerAsync(IEnumerable<string> records)
    {
        await File.WriteAllTextAsync(Hosts + ".new", string.Concat(records.Select(record => record + "\n")));
        File.Move(Hosts + ".new", Hosts, overwrite: true);
        await _process.StandardInput.WriteLineAsync();
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Runs a program on the machine.</summary>
    public Process Run(params string[] arguments)
    {
        string[] into = ["--target", $"{_first}", .. IsRoot ? Array.Empty<string>() : ["--user", "--preserve-credentials"], "--net", "--mount", "--pid"];
        return Process.Start(Start("nsenter", _packages, [.. into, .. arguments]))!;
    }

    /// <summary>Runs a program on the machine to its end.</summary>
    public async Task<(int ExitCode, string Output)> RunAsync(params string[] arguments)
    {
        using var process = Run(arguments);
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException e)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{string.Join(' ', arguments)} has not ended", e);
        }

        return (process.ExitCode, await output + await error);
    }

    public async Task MustAsync(params string[] arguments)
    {
        var (exitCode, output) = await RunAsync(arguments);
        Assert.True(exitCode == 0, $"{string.Join(' ', arguments)}: {output}");
    }

    /// <summary>The container's first process of a program that <see cref="Run"/> started by way of the script container: its grandchild; null before it is there.</summary>
    public static int? FirstProcessOf(Process run) => Children(run.Id) is [var space] && Children(space) is [var first] ? first : null;

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static int[] Children(int process)
    {
        try
        {
            return [.. File.ReadAllText($"/proc/{process}/task/{process}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(child => int.Parse(child, CultureInfo.InvariantCulture))];
        }
        catch (IOException)
        {
            return []; // It is gone.
        }
    }

    private static ProcessStartInfo Start(string program, string packages, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        if (Directory.Exists(packages))
        {
            start.Environment["PATH"] = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:{packages}/usr/sbin";
            start.Environment["LD_LIBRARY_PATH"] = string.Join(':', Directory.GetDirectories(Path.Combine(packages, "usr/lib"), "*-linux-gnu"));
        }

        return start;
    }
}

/// <summary>Of a pod or a machine, in both families.</summary>
internal sealed record Addresses(int Number)
{
    public string In(int family) => family == 4 ? V4 : V6;

    public string V4 => $"10.244.0.{Number.ToString(CultureInfo.InvariantCulture)}";

    public string V6 => $"fd00:10:244::{Number.ToString(CultureInfo.InvariantCulture)}";
}
