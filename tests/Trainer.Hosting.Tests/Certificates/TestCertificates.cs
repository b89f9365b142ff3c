using Microsoft.Extensions.Logging.Abstractions;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Tests.Run;

namespace Trainer.Hosting.Tests.Certificates;

/// <summary>A folder of certificates, and what is in it from one time to the next.</summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<ProcessCertificates> _loaded = [];

    public TestCertificates() => Write(Authority);

    public CertificateAuthority Authority { get; } = NewAuthority();

    public string this[string name] => _folder[name];

    public static CertificateAuthority NewAuthority() => CertificateAuthority.Create(TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(5), TimeSpan.FromDays(10));

    /// <summary>New certificates of all roles.</summary>
    /// <param name="age">How long ago they were made, of those that live for a day.</param>
    public void Write(CertificateAuthority authority, TimeSpan age = default) =>
        CertificateFolder.Write(_folder.Path, authority, ["127.0.0.1"], TimeProvider.System.GetUtcNow() - age, TimeSpan.FromDays(1), withKey: false);

    /// <summary>Trust in all of these.</summary>
    public void Trust(params CertificateAuthority[] authorities) => File.WriteAllText(this["ca.pem"], string.Concat(authorities.Select(authority => authority.Certificate)));

    public CertificateFiles Files(string role) => CertificateFolder.FilesOf(_folder.Path, role);

    public ProcessCertificates Load(string role, ILogger? logger = null)
    {
        var loaded = ProcessCertificates.Load(Files(role), role, logger ?? NullLogger.Instance);
        _loaded.Add(loaded);
        return loaded;
    }

    public void Dispose()
    {
        _loaded.ForEach(loaded => loaded.Dispose());
        Authority.Dispose();
        _folder.Dispose();
    }
}
