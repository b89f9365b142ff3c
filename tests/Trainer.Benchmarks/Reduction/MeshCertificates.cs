using Trainer.Hosting.Certificates;

namespace Trainer.Benchmarks.Reduction;

/// <summary>A folder with the members' certificates, for as long as they run.</summary>
internal sealed class MeshCertificates : IDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);

    public MeshCertificates()
    {
        var now = TimeProvider.System.GetUtcNow();
        using var authority = CertificateAuthority.Create(now, Lifetime);
        CertificateFolder.Write(Folder, authority, [], now, Lifetime, withKey: false);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("trainer-allreduce-").FullName;

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
