using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Trainer.Hosting.Run;

namespace Trainer.Hosting.Certificates;

/// <summary>Where a process finds its certificate (with those between it and the authority, if there are any), its private key, and the authorities that it trusts; all PEM.</summary>
public sealed record CertificateFiles(string Certificate, string Key, string Authorities)
{
    /// <summary>A file of certificates is not larger than this.</summary>
    private const int MaxBytes = 1 << 20;

    /// <summary>The files' bytes: when they are others, the certificates may be.</summary>
    /// <exception cref="IOException">A file cannot be read, or others may read the key.</exception>
    internal byte[][] Read()
    {
        PrivateFiles.RequireSecret(Key);
        return [Read(Certificate), Read(Key), Read(Authorities)];
    }

    /// <exception cref="IOException">The bytes are no certificates, or do not belong together; the message names the file.</exception>
    internal CertificateSet Parse(byte[][] bytes)
    {
        var (chain, authorities) = (Certificates(Certificate, bytes[0]), Certificates(Authorities, bytes[2]));
        try
        {
            chain.RemoveAt(0);
            return new CertificateSet(X509Certificate2.CreateFromPem(Text(bytes[0]), Text(bytes[1])), chain, authorities);
        }
        catch (Exception wrong) when (wrong is CryptographicException or ArgumentException)
        {
            throw new IOException($"{Key} is not the private key (PEM, not encrypted) of the certificate {Certificate}.", wrong);
        }
    }

    /// <summary>The certificates of a file of PEM, in its order.</summary>
    /// <exception cref="IOException">It has none.</exception>
    public static X509Certificate2Collection Certificates(string path) => Certificates(path, Read(path));

    private static X509Certificate2Collection Certificates(string path, byte[] bytes)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(Text(bytes));
        }
        catch (CryptographicException wrong)
        {
            throw new IOException($"{path} cannot be read as certificates in PEM: {wrong.Message}", wrong);
        }

        return certificates.Count > 0 ? certificates : throw new IOException($"{path} holds no certificate; expected PEM, which begins with -----BEGIN CERTIFICATE-----.");
    }

    private static string Text(byte[] bytes) => System.Text.Encoding.ASCII.GetString(bytes);

    private static byte[] Read(string path)
    {
        if (new FileInfo(path) is { Exists: true, Length: > MaxBytes } large)
        {
            throw new IOException($"{path} has {large.Length} bytes; expected certificates in PEM, at most {MaxBytes}.");
        }

        try
        {
            return File.ReadAllBytes(path);
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new IOException(denied.Message, denied);
        }
    }
}

/// <summary>What files of certificates hold, once it is known to fit together.</summary>
/// <param name="Own">With its private key.</param>
/// <param name="Chain">Between it and an authority.</param>
internal sealed record CertificateSet(X509Certificate2 Own, X509Certificate2Collection Chain, X509Certificate2Collection Authorities);
