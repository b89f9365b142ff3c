using System.Globalization;

namespace Trainer.Kernels.Devices.Cpu.Memory;

/// <summary>What this process has of the machine's memory, whatever for: tensors, scratch memory, data sets, buffers of links, the managed heap.</summary>
internal static class ProcessMemory
{
    private const string Status = "/proc/self/status";

    private static readonly string[] Fields = ["RssAnon:", "RssShmem:", "VmSwap:"];

    /// <summary>Bytes that it may hold where nobody says how many: three quarters of a container's limit, else what the machine has.</summary>
    public static long Default => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Bytes that it holds, swapped out or not. Pages of files that it reads are not among them: the kernel takes those back as it likes.</summary>
    public static long Held => File.Exists(Status) ? File.ReadLines(Status).Where(IsHeld).Sum(Bytes) : Environment.WorkingSet;

    private static bool IsHeld(string line) => Fields.Any(field => line.StartsWith(field, StringComparison.Ordinal));

    // "RssAnon:      20672 kB"
    private static long Bytes(string line) => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) << 10;
}
