using System.Text.Json;

namespace Trainer.Kernels.Tests.GpuCheck;

/// <summary>How a case ended.</summary>
internal static class Outcome
{
    /// <summary>It has begun, in the process that runs it, or launches a kernel for the first time.</summary>
    public const string Begun = "begun";
    public const string Equal = "equal";

    /// <summary>Within a tolerance of the CPU, where bits are not promised (TF32).</summary>
    public const string Near = "near";
    public const string Differs = "differs";

    /// <summary>Something else than a comparison: an exception, a process that ended, no answer.</summary>
    public const string Failed = "failed";
    public const string Skipped = "skipped";
    public const string Measured = "measured";
    public const string NotReached = "not reached";

    public static bool IsFault(string outcome) => outcome is Differs or Failed;
}

/// <summary>What a case came to: a line that its process writes, and an entry of the report's JSON.</summary>
/// <param name="Number">Of the case in its part, from 0.</param>
/// <param name="Kernels">Those that it launched, by name, in the order of their first launches.</param>
/// <param name="Figures">By name, with their units.</param>
internal sealed record Finding(
    string Topic, string Part, int Number, string Case, string Outcome, string Detail, double Seconds, IReadOnlyList<string> Kernels, IReadOnlyDictionary<string, double> Figures)
{
    /// <summary>Drivers write lines of their own.</summary>
    private const string Mark = "gpu-check: ";

    public static Finding Without(CheckPart part, int number, string outcome, string detail) =>
        new(part.Topic, part.Name, number, part.Cases[number], outcome, detail, 0, [], new Dictionary<string, double>());

    /// <returns>Null where a line is none.</returns>
    public static Finding? Read(string line) => line.StartsWith(Mark, StringComparison.Ordinal) ? JsonSerializer.Deserialize<Finding>(line[Mark.Length..]) : null;

    /// <summary>The same case as a failure, with the kernel that it came to.</summary>
    public Finding FailedWith(string detail)
    {
        var last = Kernels.Count == 0 ? "" : $". The kernel that it launched last for the first time: {Kernels[^1]}";
        return this with { Outcome = GpuCheck.Outcome.Failed, Detail = detail + last };
    }

    public string ToLine() => Mark + JsonSerializer.Serialize(this);
}
