namespace Trainer.Cli.Doctor;

internal enum Verdict
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Not there, and not needed for everything.</summary>
    Optional,

    /// <summary>Works, but not well.</summary>
    Warning,

    /// <summary>Needed, and not right.</summary>
    Missing,
}

/// <summary>One thing looked at.</summary>
/// <param name="Finding">What is there.</param>
/// <param name="Advice">What to do about it; null where nothing needs doing.</param>
internal sealed record Check(string Subject, Verdict Verdict, string Finding, string? Advice = null);
