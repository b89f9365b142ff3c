using System.Diagnostics;
using System.Globalization;
using k8s.Models;
using Trainer.Cluster.Tests.Deploy;

namespace Trainer.Cluster.Tests.Rehearsal;

/// <summary>A pod's network and file system on a machine.</summary>
/// <param name="fields">Its name, and the first of its addresses.</param>
/// <param name="addresses">All of them.</param>
/// <param name="names">By which it is known to itself.</param>
internal sealed class PodPlace(Machine machine, Peer peer, PodFields fields, IReadOnlyList<string> addresses, string names)
{
    // What tests give to the processes that they start, so that these cost less.
    private static readonly string[] Passed = ["DOTNET_TieredPGO", "DOTNET_TC_CallCountThreshold", "DOTNET_EnableWriteXorExecute"];

    public Peer Peer => peer;

    public PodFields Fields => fields;

    private string Root => Path.Combine(machine.Folder, fields.Name);

    /// <param name="families">The addresses that it has, the first one first: 4, 6.</param>
    /// <param name="service">The headless service by which it has a full name; null: none.</param>
    public static async Task<PodPlace> MakeAsync(Machine machine, Peer peer, string name, IReadOnlyList<int> families, string? service)
    {
        await machine.MustAsync(Machine.Script("network"), name, peer.Addresses.Number.ToString(CultureInfo.InvariantCulture));
        var addresses = families.Select(peer.Addresses.In).ToList();
        return new PodPlace(machine, peer, new PodFields(name, addresses[0]), addresses, service is null ? name : $"{name}.{service}.{peer.Namespace}.svc.cluster.local {name}");
    }

    public Task FilterAsync(string rules)
    {
        var file = Root + ".nft";
        File.WriteAllText(file, rules);
        return machine.MustAsync("nsenter", $"--net=/run/netns/{fields.Name}", "nft", "-f", file);
    }

    /// <summary>What the kubelet writes before a container starts.</summary>
    public string Prepare(IEnumerable<string> volumes, IEnumerable<string> environment)
    {
        var etc = Directory.CreateDirectory(Root + ".etc").FullName;
        Directory.CreateDirectory(Root);
        File.WriteAllText(Path.Combine(etc, "hosts"), string.Concat(addresses.Select(address => $"{address} {names}\n").Prepend("127.0.0.1 localhost\n::1 localhost\n")));
        File.WriteAllText(Path.Combine(etc, "resolv.conf"), $"nameserver {Machine.Dns.V4}\nsearch trainer.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n");
        File.WriteAllText(Path.Combine(etc, "nsswitch.conf"), "passwd: files\nhosts: files dns\n");
        File.WriteAllText(Path.Combine(etc, "passwd"), "root:x:0:0::/:/sbin/nologin\napp:x:1654:1654::/home/app:/sbin/nologin\n");
        File.WriteAllText(Root + ".mounts", string.Concat(volumes.Select(volume => volume + "\n")));
        var passed = Passed.Where(name => Environment.GetEnvironmentVariable(name) is not null).Select(name => $"{name}={Environment.GetEnvironmentVariable(name)}");
        File.WriteAllText(Root + ".env", string.Concat(environment.Concat(passed).Select(variable => variable + "\n")));
        return Root;
    }

    /// <summary>Starts a container's process.</summary>
    /// <param name="heard">Each of its lines.</param>
    public Process Run(string root, string image, string user, IEnumerable<string> arguments, Action<string> heard)
    {
        var process = machine.Run([Machine.Script("container"), root, fields.Name, Machine.UserOf(long.Parse(user, CultureInfo.InvariantCulture)), image, .. arguments]);
        process.StandardInput.Close();
        process.OutputDataReceived += (_, line) => heard(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => heard(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    /// <summary>Asks as the kubelet does: from the machine, the pod's first address, any certificate.</summary>
    public async Task<bool> HoldsAsync(V1Probe probe, Workload workload, CancellationToken stop)
    {
        var get = probe.HttpGet ?? throw new NotSupportedException("Probes other than httpGet are not rehearsed.");
        var port = workload.Ports.Single(one => one.Name == get.Port.Value).ContainerPort;
        var host = fields.Ip.Contains(':', StringComparison.Ordinal) ? $"[{fields.Ip}]" : fields.Ip;
        var (_, said) = await machine.RunAsync(
            "curl", "--silent", "--insecure", "--http1.1", "--noproxy", "*", "--max-time", $"{probe.TimeoutSeconds ?? 1}", "--output", "/dev/null", "--write-out", "%{http_code}", $"{get.Scheme?.ToLowerInvariant()}://{host}:{port}{get.Path}");
        stop.ThrowIfCancellationRequested();
        return said is ['2' or '3', _, _];
    }

    /// <summary>Whether a connection to a port of another comes about within a second.</summary>
    public async Task<bool> ReachesAsync(string address, int port) =>
        (await machine.RunAsync("nsenter", $"--net=/run/netns/{fields.Name}", "timeout", "1", "bash", "-c", $"</dev/tcp/{address}/{port}")).ExitCode == 0;

    public Task RemoveAsync() => machine.MustAsync("ip", "netns", "del", fields.Name);
}
