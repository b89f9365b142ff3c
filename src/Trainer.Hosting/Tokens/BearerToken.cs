using System.Security.Cryptography;
using System.Text;

namespace Trainer.Hosting.Tokens;

/// <summary>The secret that a call carries (<c>authorization: Bearer SECRET</c>), and how secrets are kept and compared. They are 32 random bytes, so their plain SHA-256 keeps them.</summary>
public static class BearerToken
{
    private const string Scheme = "Bearer ";

    /// <param name="authorization">The header.</param>
    /// <returns>Nothing where it carries none.</returns>
    public static string SecretOf(string authorization) => authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? authorization[Scheme.Length..].Trim() : "";

    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    /// <summary>Whether the hash is the secret's. Takes as long where it is not.</summary>
    public static bool IsOf(byte[] hash, string secret) => CryptographicOperations.FixedTimeEquals(hash, Hash(secret));
}
