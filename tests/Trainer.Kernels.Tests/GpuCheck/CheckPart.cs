using Trainer.Kernels.Devices;

namespace Trainer.Kernels.Tests.GpuCheck;

/// <summary>What the tables of the report are about, the most important first.</summary>
internal static class Topic
{
    public const string Bits = "bits";
    public const string Zoo = "zoo";
    public const string Resources = "resources";
    public const string Products = "products";
    public const string Networks = "networks";
    public const string Torch = "torch";

    /// <summary>Whether its cases compare, and may run beside others; times are taken alone.</summary>
    public static bool Compares(string topic) => topic is Bits or Zoo or Resources;

    /// <summary>Whether the exit code speaks of it.</summary>
    public static bool Proves(string topic) => topic is Bits or Zoo;
}

/// <summary>Cases that one process runs in turn.</summary>
internal record CheckPart(string Topic, string Name, IReadOnlyList<string> Cases);

/// <summary>Cases on our device.</summary>
internal sealed record DevicePart(string Topic, string Name, IReadOnlyList<CheckCase> Checks)
    : CheckPart(Topic, Name, [.. Checks.Select(check => check.Name)]);

/// <param name="Run">Returns what it found; an exception of an assertion is a difference, any other a failure.</param>
internal sealed record CheckCase(string Name, Func<Device, CaseResult> Run);

internal sealed record CaseResult(string Outcome, string Detail = "", IReadOnlyDictionary<string, double>? Figures = null);

internal static class CheckParts
{
    /// <param name="seconds">Of each measurement, about.</param>
    public static IReadOnlyList<DevicePart> On(double seconds) =>
    [
        .. SuiteCases.Parts(), TensorCoreCases.Part, ZooCases.Part, ResourceCases.Part, ProductCases.Part(seconds), NetworkCases.Part(seconds),
    ];
}
