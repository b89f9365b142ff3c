using Kernel = Trainer.Kernels.Gpu.Launching.Kernel;

namespace Trainer.Kernels.Tests.GpuCheck;

/// <summary>What a check has found, as an object of JSON; <see cref="CheckTables"/> makes Markdown of it.</summary>
/// <param name="LoadAfter">As <see cref="GpuCheck.Machine.Load"/>, at the end: what else ran on the machine shows.</param>
/// <param name="IsWhole">Whether everything was asked for.</param>
internal sealed record CheckReport(Machine Machine, DateTimeOffset Started, double Seconds, string LoadAfter, bool IsWhole, IReadOnlyList<Finding> Findings)
{
    public const int AllEqual = 0;
    public const int SomethingDiffers = 1;

    /// <summary>All kernels that this device can run.</summary>
    public IReadOnlyList<KernelVerdict> Kernels { get; } =
    [
        .. Kernel.All.Select(kernel => KernelVerdict.Of(kernel, Findings)).Where(verdict => verdict is not null).Select(verdict => verdict!),
    ];

    public int ExitCode => Obstacles.Any() ? SomethingDiffers : AllEqual;

    /// <summary>Why it cannot be said that all bits are equal.</summary>
    public IEnumerable<string> Obstacles =>
    [
        .. Findings.Where(finding => Topic.Proves(finding.Topic)).Where(finding => Outcome.IsFault(finding.Outcome)).Select(InWords),
        .. Findings.Where(finding => Topic.Proves(finding.Topic) && finding.Outcome == Outcome.NotReached).GroupBy(finding => finding.Part)
            .Select(part => $"{part.Key}: {part.Count()} cases were not reached"),
        .. IsWhole ? Kernels.Where(kernel => kernel.Cases == 0).Select(kernel => $"{kernel.Name} was never launched") : [],
    ];

    public static string InWords(Finding finding) => $"{finding.Part}, {finding.Case}: {finding.Outcome}; {finding.Detail}";
}

/// <summary>A kernel, by the cases that launched it.</summary>
internal sealed record KernelVerdict(string Name, int Cases, int Faults, bool IsExact, IReadOnlyDictionary<string, double> Resources)
{
    public string InWords => Cases == 0 ? "not launched" : Faults > 0 ? $"{Faults} of {Cases} cases differ or fail" : IsExact ? "equal" : "near";

    /// <returns>Null where the device cannot have the kernel.</returns>
    public static KernelVerdict? Of(Kernel kernel, IReadOnlyList<Finding> findings)
    {
        var resources = findings.FirstOrDefault(finding => finding.Topic == Topic.Resources && finding.Case == kernel.Name);
        var compared = findings.Where(finding => Topic.Proves(finding.Topic) && finding.Outcome is Outcome.Equal or Outcome.Near or Outcome.Differs or Outcome.Failed
            && finding.Kernels.Contains(kernel.Name, StringComparer.Ordinal)).ToList();
        return resources is { Outcome: Outcome.Skipped } ? null : new KernelVerdict(
            kernel.Name, compared.Count, compared.Count(finding => Outcome.IsFault(finding.Outcome)), !kernel.NeedsTensorCores, resources?.Figures ?? new Dictionary<string, double>());
    }
}
