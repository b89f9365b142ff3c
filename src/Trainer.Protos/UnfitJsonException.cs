namespace Trainer.Protos;

/// <summary>A value in JSON that is not what its field takes.</summary>
/// <param name="field">Its path; empty: the whole document.</param>
public sealed class UnfitJsonException(string field, string problem) : FormatException($"{(field.Length > 0 ? field : "the document")}: {problem}")
{
    public string Field { get; } = field;

    public string Problem { get; } = problem;
}
