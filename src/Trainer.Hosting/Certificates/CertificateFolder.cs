using System.Text;
using Trainer.Hosting.Run;

namespace Trainer.Hosting.Certificates;

/// <summary>A folder with the certificates of a cluster: <c>ca.pem</c>, and for each role <c>ROLE.pem</c> and <c>ROLE.key</c>; with <c>ca.key</c> where more are to be made of it.</summary>
public static class CertificateFolder
{
    private const string Authority = "ca.pem";
    private const string AuthorityKey = "ca.key";

    public static CertificateFiles FilesOf(string folder, string role) =>
        new(Path.Combine(folder, $"{role}.pem"), Path.Combine(folder, $"{role}.key"), Path.Combine(folder, Authority));

    /// <summary>The names of all that <see cref="Write"/> writes.</summary>
    public static IReadOnlyList<string> Files { get; } = [Authority, AuthorityKey, .. PeerRoles.Members.SelectMany(role => new[] { $"{role}.pem", $"{role}.key" })];

    /// <summary>The authority that is in a folder, with its key.</summary>
    /// <exception cref="IOException">One of them is not there, or they are not a certificate and its key.</exception>
    public static CertificateAuthority ReadAuthority(string folder)
    {
        var (certificate, key) = (Path.Combine(folder, Authority), Path.Combine(folder, AuthorityKey));
        PrivateFiles.RequireSecret(key);
        try
        {
            return CertificateAuthority.Read(File.ReadAllText(certificate), File.ReadAllText(key));
        }
        catch (Exception wrong) when (wrong is System.Security.Cryptography.CryptographicException or ArgumentException)
        {
            throw new IOException($"{key} is not the private key (PEM, not encrypted) of the authority {certificate}.", wrong);
        }
    }

    /// <summary>Writes the authority's certificate and, for each role, a certificate and its key (0600); each file appears whole.</summary>
    /// <param name="hosts">See <see cref="CertificateAuthority.Issue"/>.</param>
    /// <param name="withKey">The authority's key too.</param>
    public static void Write(string folder, CertificateAuthority authority, IReadOnlyList<string> hosts, DateTimeOffset now, TimeSpan lifetime, bool withKey)
    {
        WriteFile(folder, Authority, authority.Certificate);
        if (withKey)
        {
            WriteFile(folder, AuthorityKey, authority.Key);
        }

        foreach (var role in PeerRoles.Members)
        {
            var issued = authority.Issue(role, hosts, now, lifetime);
            WriteFile(folder, $"{role}.pem", issued.Certificate);
            WriteFile(folder, $"{role}.key", issued.Key);
        }
    }

    private static void WriteFile(string folder, string name, string text) => PrivateFiles.Replace(Path.Combine(folder, name), Encoding.ASCII.GetBytes(text));
}
