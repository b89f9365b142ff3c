namespace Trainer.Cli.Errors;

/// <summary>Something the user should read: what is wrong, details one per line, and what to do about it.</summary>
internal sealed class CliException(string message, int exitCode = ExitCode.Failed, string? remedy = null, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;

    /// <summary>A full sentence; null where the message says it all.</summary>
    public string? Remedy { get; } = remedy;

    /// <summary>Faults of a job.</summary>
    public IReadOnlyList<Violation> Violations { get; init; } = [];
}

/// <summary>What is wrong with a field of a job.</summary>
/// <param name="Field">Its path, model.layers[3].conv2d; empty for a fault of the whole.</param>
/// <param name="Place">FILE:LINE:COLUMN in the job file, or the option that gave the value, where it is known.</param>
internal sealed record Violation(string Field, string Description, string? Place = null)
{
    public override string ToString() => string.Join(": ", new[] { Place, Field, Description }.Where(part => part is { Length: > 0 }));
}
