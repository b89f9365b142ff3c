using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Trainer.Hosting.Certificates;

/// <summary>Whether a certificate that was shown belongs to whom it should.</summary>
internal static class CertificateRefusal
{
    private static readonly Oid ServerUse = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientUse = new("1.3.6.1.5.5.7.3.2");

    /// <summary>How a chain is built: to these authorities and no others, without asking anybody.</summary>
    /// <param name="ofServer">A server shows it; else a client.</param>
    public static X509ChainPolicy Policy(X509Certificate2Collection authorities, bool ofServer)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(authorities);
        policy.ApplicationPolicy.Add(ofServer ? ServerUse : ClientUse);
        return policy;
    }

    /// <summary>Of a member of the cluster: its role counts, and its host's name does not.</summary>
    /// <returns>Why it is refused; null: it is not.</returns>
    public static string? OfMember(X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors, IReadOnlyList<string> roles)
    {
        if (OfChain(shown, chain, errors) is { } refusal)
        {
            return refusal;
        }

        var role = PeerRoles.Of((X509Certificate2)shown!);
        return role is not null && roles.Contains(role) ? null
            : $"its certificate says that it is {(role is null ? "of no role" : $"a {role}")}; expected a {string.Join(" or a ", roles)}";
    }

    /// <summary>Of a job API: a coordinator's by its role, or one of no role at all that has the name of its host.</summary>
    /// <returns>Why it is refused; null: it is not.</returns>
    public static string? OfApi(X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors) =>
        OfChain(shown, chain, errors) is { } refusal ? refusal
        : PeerRoles.Of((X509Certificate2)shown!) switch
        {
            PeerRoles.Coordinator => null,
            { } role => $"its certificate says that it is a {role}; expected a {PeerRoles.Coordinator}",
            null => errors == SslPolicyErrors.None ? null : "its certificate is for another host",
        };

    public static bool Accepts(string? refusal, Action<string> refused)
    {
        if (refusal is not null)
        {
            refused(refusal);
        }

        return refusal is null;
    }

    private static string? OfChain(X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors)
    {
        if (shown is not X509Certificate2 || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
        {
            return "it shows no certificate";
        }

        if (!errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
        {
            return null;
        }

        var found = chain?.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, status) => all | status.Status) ?? X509ChainStatusFlags.NoError;
        return found.HasFlag(X509ChainStatusFlags.NotTimeValid) ? "its certificate has expired, or is not valid yet"
            : (found & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != X509ChainStatusFlags.NoError ? "its certificate is of another authority"
            : $"its certificate is not accepted ({found})";
    }
}
