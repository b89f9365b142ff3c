using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Trainer.Hosting.Certificates;

/// <summary>A certificate and its private key, as PEM.</summary>
public readonly record struct IssuedCertificate(string Certificate, string Key);

/// <summary>Issues the certificates of a cluster's processes. Keys are ECDSA's on P-256: made in a millisecond, and as strong as RSA's of 3,072 bits.</summary>
public sealed class CertificateAuthority : IDisposable
{
    private const string ServerUse = "1.3.6.1.5.5.7.3.1";
    private const string ClientUse = "1.3.6.1.5.5.7.3.2";

    /// <summary>Clocks differ: a certificate is valid somewhat before it is made.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(10);

    private readonly X509Certificate2 _certificate;

    private CertificateAuthority(X509Certificate2 certificate) => _certificate = certificate;

    /// <summary>When its certificate, and all that it has issued, ends.</summary>
    public DateTimeOffset NotAfter => new(_certificate.NotAfter);

    /// <summary>The authority's own certificate, as PEM: what processes and clients trust.</summary>
    public string Certificate => _certificate.ExportCertificatePem() + "\n";

    /// <summary>Its private key, as PEM: whoever has it can make members of the cluster.</summary>
    public string Key
    {
        get
        {
            using var key = _certificate.GetECDsaPrivateKey()!;
            return key.ExportPkcs8PrivateKeyPem() + "\n";
        }
    }

    public static CertificateAuthority Create(DateTimeOffset now, TimeSpan lifetime)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        // The serial number tells an authority from the one that it takes over from.
        var request = new CertificateRequest($"CN=trainer authority {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return new CertificateAuthority(request.CreateSelfSigned(now - Skew, now + lifetime));
    }

    /// <exception cref="CryptographicException">The texts are not a certificate and its key.</exception>
    public static CertificateAuthority Read(string certificate, string key) => new(X509Certificate2.CreateFromPem(certificate, key));

    /// <summary>A certificate for a process of that role, as server and as client. It ends with the authority's at the latest.</summary>
    /// <param name="hosts">Names and addresses by which clients that know nothing of roles, such as curl, find the process.</param>
    public IssuedCertificate Issue(string role, IEnumerable<string> hosts, DateTimeOffset now, TimeSpan lifetime)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=trainer {role}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerUse), new Oid(ClientUse)], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        request.CertificateExtensions.Add(Names(role, hosts));
        var (end, last) = (now + lifetime, NotAfter);
        using var issued = request.Create(_certificate, now - Skew, end < last ? end : last, RandomNumberGenerator.GetBytes(16));
        return new IssuedCertificate(issued.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    public void Dispose() => _certificate.Dispose();

    private static X509Extension Names(string role, IEnumerable<string> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(PeerRoles.UriOf(role));
        foreach (var host in hosts)
        {
            if (IPAddress.TryParse(host, out var address))
            {
                names.AddIpAddress(address);
            }
            else
            {
                names.AddDnsName(host);
            }
        }

        return names.Build();
    }
}
