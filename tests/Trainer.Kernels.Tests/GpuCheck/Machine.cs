using System.Reflection;
using Trainer.Kernels.Gpu;

namespace Trainer.Kernels.Tests.GpuCheck;

/// <summary>Where figures are from.</summary>
/// <param name="Load">Of the last 1, 5 and 15 minutes, as the system tells before the check.</param>
internal sealed record Machine(string Device, string Description, long MemoryBytes, string NumericsId, string Driver, string Processor, int Processors, string Load, string System, string Runtime, string Program)
{
    public static Machine Of(DeviceListing device) => new(
        device.Name, device.Description, device.MemoryBytes, device.NumericsId, FirstLine("/proc/driver/nvidia/version"), ProcessorName(), Environment.ProcessorCount, Loads(),
        Environment.OSVersion.ToString(), $".NET {Environment.Version}",
        typeof(Machine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion);

    public static string Loads() => string.Join(' ', FirstLine("/proc/loadavg").Split(' ').Take(3));

    private static string ProcessorName() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown";

    /// <summary>Empty where there is no such file: it is NVIDIA's module that has one.</summary>
    private static string FirstLine(string file) => File.Exists(file) ? File.ReadLines(file).FirstOrDefault("").Trim() : "";
}
