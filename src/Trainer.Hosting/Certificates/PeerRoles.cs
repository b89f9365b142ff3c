using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Trainer.Hosting.Certificates;

/// <summary>What a process is, as its certificate says: a URI among the alternative names, such as <c>trainer://role/node</c>. Hosts come and go, roles stay.</summary>
public static class PeerRoles
{
    public const string Coordinator = "coordinator";

    public const string Node = "node";

    /// <summary>Those that take part in the cluster.</summary>
    public static readonly IReadOnlyList<string> Members = [Coordinator, Node];

    private const string Prefix = "trainer://role/";
    private const string AlternativeNames = "2.5.29.17";

    /// <summary>uniformResourceIdentifier of RFC 5280's GeneralName; .NET reads names of hosts and addresses alone.</summary>
    private static readonly Asn1Tag UriTag = new(TagClass.ContextSpecific, 6);

    public static Uri UriOf(string role) => new(Prefix + role);

    /// <returns>Null where it names none, several, or cannot be read.</returns>
    public static string? Of(X509Certificate2 certificate)
    {
        try
        {
            var roles = certificate.Extensions.Where(extension => extension.Oid?.Value == AlternativeNames)
                .SelectMany(extension => Uris(extension.RawData))
                .Where(uri => uri.StartsWith(Prefix, StringComparison.Ordinal))
                .Select(uri => uri[Prefix.Length..])
                .ToList();
            return roles is [var role] ? role : null;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    private static List<string> Uris(byte[] extension)
    {
        var (uris, names) = (new List<string>(), new AsnReader(extension, AsnEncodingRules.DER).ReadSequence());
        while (names.HasData)
        {
            if (names.PeekTag() == UriTag)
            {
                uris.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, UriTag));
            }
            else
            {
                names.ReadEncodedValue();
            }
        }

        return uris;
    }
}
