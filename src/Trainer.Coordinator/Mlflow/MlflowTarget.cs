namespace Trainer.Coordinator.Mlflow;

/// <summary>The MLflow tracking server to which jobs are logged. Its operator says so, nobody else.</summary>
/// <param name="Credentials">The header authorization; null: none.</param>
public sealed record MlflowTarget(Uri Address, string? Credentials, string Experiment)
{
    public const string UsualExperiment = "trainer";

    /// <summary>The header authorization of what a file holds: a token, or USER:PASSWORD.</summary>
    public static string CredentialsOf(string word) => word.Contains(':', StringComparison.Ordinal)
        ? $"Basic {Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(word))}"
        : $"Bearer {word}";
}
