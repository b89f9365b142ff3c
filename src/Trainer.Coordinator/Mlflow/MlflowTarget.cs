using System.Net.Http.Headers;
using System.Text;

namespace Trainer.Coordinator.Mlflow;

/// <summary>The MLflow tracking server to which jobs are logged. Its operator says so, nobody else.</summary>
/// <param name="Credentials">The header authorization; null: none.</param>
public sealed record MlflowTarget(Uri Address, AuthenticationHeaderValue? Credentials, string Experiment)
{
    public const string UsualExperiment = "trainer";

    /// <summary>The header authorization of what a file holds: a token, or USER:PASSWORD.</summary>
    public static AuthenticationHeaderValue CredentialsOf(string word) => word.Contains(':', StringComparison.Ordinal)
        ? new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(word)))
        : new AuthenticationHeaderValue("Bearer", word);

    /// <summary>Without its credentials.</summary>
    public override string ToString() => $"{Experiment} at {Address}";
}
