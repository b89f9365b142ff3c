using Trainer.Cluster.Tests.Deploy;
using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests.Rehearsal;

/// <summary>What pods mount: claims, which stay; folders of their own; secrets, which change while they are mounted. And what the client's pod has.</summary>
internal sealed class Volumes(Machine machine)
{
    private const string Group = "1654";

    private readonly Lock _lock = new();
    private readonly string _certificates = Path.Combine(machine.Folder, "certificates");
    private readonly Dictionary<string, IReadOnlyDictionary<string, string>> _secrets = new(StringComparer.Ordinal);
    private readonly List<(string Pod, SecretVolume Volume, string Folder)> _mounted = [];

    /// <summary>Files of the client's pod: the authority and a token.</summary>
    public string Client { get; } = Path.Combine(machine.Folder, "client-files");

    public string ClientTmp { get; } = Path.Combine(machine.Folder, "client-tmp");

    public string Claim(string name) => Directory.CreateDirectory(Path.Combine(machine.Folder, "claims", name)).FullName;

    /// <summary>A volume of a pod's own. A pod that comes again has the name of the one before, and not its address.</summary>
    public string Own(PodFields pod, string volume) => Path.Combine(machine.Folder, $"{pod.Name}.{pod.Ip}.{volume}");

    /// <summary>The secrets of docs/kubernetes.md.</summary>
    public async Task BringAsync()
    {
        const string Token = "a-token-of-the-rehearsal";
        _secrets["trainer-token"] = new Dictionary<string, string> { ["token"] = Token };
        await IssueAsync();
        Directory.CreateDirectory(Client);
        Directory.CreateDirectory(ClientTmp);
        await File.WriteAllTextAsync(Path.Combine(Client, "ca.pem"), _secrets["trainer-node"]["ca.pem"]);
        await File.WriteAllTextAsync(Path.Combine(Client, "token"), Token);
        File.SetUnixFileMode(Path.Combine(Client, "token"), UnixFileMode.UserRead | UnixFileMode.GroupRead);
        await GiveAsync(Client);
        await GiveAsync(ClientTmp);
    }

    /// <returns>Lines of SOURCE TARGET ACCESS, for each of the workload's mounts.</returns>
    public async Task<IReadOnlyList<string>> MountAsync(Workload workload, PodFields pod)
    {
        var lines = new List<string>();
        foreach (var mount in workload.Main.VolumeMounts)
        {
            Assert.Null(mount.SubPath);
            var source = workload.Pod.Volumes.SingleOrDefault(volume => volume.Name == mount.Name);
            var folder = source switch
            {
                null => Claim($"{mount.Name}-{pod.Name}"), // Of a StatefulSet's claim templates.
                { PersistentVolumeClaim: { } claim } => Claim(claim.ClaimName),
                _ => Directory.CreateDirectory(Own(pod, mount.Name)).FullName,
            };
            if (source?.Secret is { } secret)
            {
                var volume = new SecretVolume(folder, secret);
                volume.Write(_secrets[secret.SecretName]);
                lock (_lock)
                {
                    _mounted.Add((pod.Name, volume, folder));
                }
            }

            await GiveAsync(folder);
            lines.Add($"{folder} {mount.MountPath} {(mount.ReadOnlyProperty == true ? "ro" : "rw")}");
        }

        return lines;
    }

    public void Forget(string pod)
    {
        lock (_lock)
        {
            _mounted.RemoveAll(mounted => mounted.Pod == pod);
        }
    }

    public async Task RotateAsync()
    {
        await IssueAsync("--from", _certificates, "--force");
        List<(string Pod, SecretVolume Volume, string Folder)> mounted;
        lock (_lock)
        {
            mounted = [.. _mounted];
        }

        foreach (var (_, volume, folder) in mounted)
        {
            volume.Write(_secrets[volume.Secret]);
            await GiveAsync(folder);
        }
    }

    // fsGroup: the group may do all, and what is made there is the group's. Without root everybody is the one user.
    private Task GiveAsync(string folder) =>
        Machine.UserOf(1654) != Group ? Task.CompletedTask : machine.MustAsync("bash", "-c", $"chgrp -RhP {Group} {folder} && chmod g+rwxs {folder}");

    // By the command of docs/kubernetes.md.
    private async Task IssueAsync(params string[] more)
    {
        var made = await TrainerProcess.RunAsync(
            new Dictionary<string, string>(StringComparer.Ordinal), TimeSpan.FromSeconds(120),
            ["certs", "create", "--to", _certificates, "--host", "*.coordinator.trainer.svc.cluster.local", "--host", "*.worker.trainer.svc.cluster.local", "--host", "trainer.trainer.svc.cluster.local", .. more]);
        Assert.True(made.ExitCode == 0, $"certs: {made}");
        foreach (var role in (string[])["coordinator", "node"])
        {
            _secrets[$"trainer-{role}"] = new Dictionary<string, string>
            {
                ["certificate.pem"] = await File.ReadAllTextAsync(Path.Combine(_certificates, $"{role}.pem")),
                ["key.pem"] = await File.ReadAllTextAsync(Path.Combine(_certificates, $"{role}.key")),
                ["ca.pem"] = await File.ReadAllTextAsync(Path.Combine(_certificates, "ca.pem")),
            };
        }
    }
}
