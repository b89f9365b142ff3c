namespace Trainer.Differential.Tests.Running;

/// <summary>What came of a case.</summary>
internal enum Outcome
{
    /// <summary>Everything within the tolerance for rounding.</summary>
    Equal,

    /// <summary>Within what rounding does to PyTorch's own numbers in this case, which is more.</summary>
    Sensitive,

    /// <summary>Rounding changes PyTorch's own numbers so much that there is nothing to compare.</summary>
    Chaotic,

    RefusedByBoth,

    /// <summary>Refused by us on purpose (<see cref="Judge"/>), where PyTorch trains.</summary>
    RefusedByRule,

    /// <summary>Numbers grew beyond float32 on both sides.</summary>
    Diverged,

    Different,
    RefusedByUs,
    RefusedByPyTorch,
    WorkersDiffer,
}

/// <param name="Text">What is different, or why it was refused.</param>
/// <param name="Error">The largest deviation of a state's tensor from PyTorch's, relative to the tensor's largest value.</param>
internal sealed record Verdict(Outcome Outcome, string Text = "", double Error = 0)
{
    public bool IsFault => Outcome is Outcome.Different or Outcome.RefusedByUs or Outcome.RefusedByPyTorch or Outcome.WorkersDiffer;

    /// <summary>Whether another verdict tells of the same fault: one of the same kind, in the same words but for numbers.</summary>
    public bool IsLike(Verdict other) =>
        other.Outcome == Outcome && (Outcome is Outcome.Different or Outcome.WorkersDiffer || Words(other.Text) == Words(Text));

    private static string Words(string text) => string.Concat(text.Where(c => !char.IsAsciiDigit(c)));
}
