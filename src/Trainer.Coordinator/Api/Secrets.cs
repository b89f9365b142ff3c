using System.Buffers.Text;
using System.Security.Cryptography;

namespace Trainer.Coordinator.Api;

/// <summary>What nobody guesses.</summary>
internal static class Secrets
{
    private const int Bytes = 32;

    /// <summary>By which programs that look for secrets where they do not belong know one.</summary>
    private const string Prefix = "trainer_";

    public static string New() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));
}
