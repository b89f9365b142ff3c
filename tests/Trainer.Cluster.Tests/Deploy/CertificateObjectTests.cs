using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Trainer.Hosting.Certificates;

namespace Trainer.Cluster.Tests.Deploy;

/// <summary>What cert-manager would make of the Certificate objects, made by openssl, in volumes as the kubelet lays them out.</summary>
public sealed class CertificateObjectTests : IDisposable
{
    private const UnixFileMode OwnerAndGroup = UnixFileMode.UserRead | UnixFileMode.GroupRead; // 0440

    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-certificates").FullName;
    private readonly string _openssl = Programs.Need("openssl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("coordinator", "trainer.trainer.svc.cluster.local", "coordinator-2.coordinator.trainer.svc.cluster.local", "metrics.coordinator.trainer.svc.cluster.local")]
    [InlineData("node", "metrics.worker.trainer.svc.cluster.local", "10-244-3-7.worker.trainer.svc.cluster.local")]
    public async Task A_process_takes_its_certificate_and_the_next_one_when_the_volumes_link_moves(string role, params string[] hosts)
    {
        var asked = Manifests.OfRendering("ha").OfKind("Certificate").Single(one => one.Metadata.Name == $"trainer-{role}");
        var workload = Manifests.OfRendering("ha").Workloads.First(one => one.IsWorker == (role == "node"));
        await AuthorityAsync();
        await MountAsync("..2026_01", workload, asked);
        using var certificates = ProcessCertificates.Load(new CertificateFiles(InVolume("--certificate"), InVolume("--key"), InVolume("--ca")), role, NullLogger.Instance);
        var first = Shown(certificates);

        await MountAsync("..2026_02", workload, asked);

        Assert.All(hosts, host => Assert.True(first.MatchesHostname(host), $"{host} is none of its names"));
        Assert.NotEqual(first.SerialNumber, Shown(certificates).SerialNumber);

        string InVolume(string option) => Path.Combine(_folder, "volume", Path.GetFileName(workload.Option(option)!));
    }

    private static X509Certificate2 Shown(ProcessCertificates certificates) => certificates.ForClients().ServerCertificateContext!.TargetCertificate;

    private Task<string> AuthorityAsync() => OpensslAsync(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", In("ca.key"), "-out", In("ca.crt"), "-days", "3650", "-subj", "/CN=trainer-authority",
        "-addext", "keyUsage=critical,keyCertSign");

    /// <summary>A new certificate in a folder of the secret's keys, to which the volume's link then moves in one step.</summary>
    private async Task MountAsync(string version, Workload workload, CustomObject asked)
    {
        await IssueAsync(asked);
        var volume = Directory.CreateDirectory(In("volume")).FullName;
        var folder = Directory.CreateDirectory(Path.Combine(volume, version)).FullName;
        foreach (var item in workload.Pod.Volumes.Single(one => one.Name == "certificates").Secret.Items)
        {
            File.Copy(In(item.Key), Path.Combine(folder, item.Path));
            File.SetUnixFileMode(Path.Combine(folder, item.Path), OwnerAndGroup);
            if (!File.Exists(Path.Combine(volume, item.Path)))
            {
                File.CreateSymbolicLink(Path.Combine(volume, item.Path), $"..data/{item.Path}");
            }
        }

        File.CreateSymbolicLink(Path.Combine(volume, "..data_tmp"), version);
        await Programs.RunAsync(Programs.Need("mv"), "-T", Path.Combine(volume, "..data_tmp"), Path.Combine(volume, "..data"));
    }

    private async Task IssueAsync(CustomObject asked)
    {
        var names = asked.Strings("uris").Select(uri => $"URI:{uri}").Concat(asked.Strings("dnsNames").Select(name => $"DNS:{name}"));
        Assert.Equal(["digital signature", "server auth", "client auth"], asked.Strings("usages"));
        await File.WriteAllTextAsync(
            In("extensions"), $"subjectAltName={string.Join(',', names)}\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n", CancellationToken.None);
        await OpensslAsync("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", In("tls.key"), "-out", In("request"), "-subj", $"/CN={asked.At("commonName")}");
        await OpensslAsync("x509", "-req", "-in", In("request"), "-CA", In("ca.crt"), "-CAkey", In("ca.key"), "-CAcreateserial", "-days", "90", "-extfile", In("extensions"), "-out", In("tls.crt"));
    }

    private string In(string file) => Path.Combine(_folder, file);

    private Task<string> OpensslAsync(params string[] arguments) => Programs.RunAsync(_openssl, arguments);
}
