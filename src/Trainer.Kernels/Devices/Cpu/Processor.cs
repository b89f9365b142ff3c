namespace Trainer.Kernels.Devices.Cpu;

/// <summary>What this machine's processor calls itself.</summary>
internal static class Processor
{
    public static string Name { get; } = FromCpuInfo() ?? System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture.ToString();

    private static string? FromCpuInfo()
    {
        const string File = "/proc/cpuinfo";
        if (!System.IO.File.Exists(File))
        {
            return null;
        }

        var line = System.IO.File.ReadLines(File).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal));
        return line?[(line.IndexOf(':') + 1)..].Trim();
    }
}
