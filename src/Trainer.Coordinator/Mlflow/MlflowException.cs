namespace Trainer.Coordinator.Mlflow;

/// <summary>The tracking server has not done what it was asked; the message says why, and shows no secret.</summary>
internal sealed class MlflowException(string message, string code = "", Exception? inner = null) : Exception(message, inner)
{
    public const string Missing = "RESOURCE_DOES_NOT_EXIST";

    /// <summary>MLflow's error_code; empty: there was none.</summary>
    public string Code { get; } = code;
}
