using System.Net.Security;

namespace Trainer.Hosting.Certificates;

/// <summary>Whom a client of the job API takes for the cluster, where it was given the cluster's authority.</summary>
public static class ApiTrust
{
    /// <param name="authorities">A file of certificates in PEM.</param>
    /// <param name="refused">Told why a server is not taken for the cluster.</param>
    /// <exception cref="IOException">The file cannot be read, or has none.</exception>
    public static SslClientAuthenticationOptions Of(string authorities, Action<string> refused) => new()
    {
        CertificateChainPolicy = CertificateRefusal.Policy(CertificateFiles.Certificates(authorities), ofServer: true),
        RemoteCertificateValidationCallback = (_, shown, chain, errors) => CertificateRefusal.Accepts(CertificateRefusal.OfApi(shown, chain, errors), refused),
    };
}
