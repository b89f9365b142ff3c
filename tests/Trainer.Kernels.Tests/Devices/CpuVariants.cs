using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Tests.Devices;

/// <summary>Every way in which this processor can run the CPU device.</summary>
public static class CpuVariants
{
    /// <summary>The collection of tests that share these devices.</summary>
    public const string Serial = "cpu devices";

    private static readonly int[] ThreadCounts = [1, 2, 7];

    /// <summary>Instruction set by number of threads, as far as the processor goes.</summary>
    public static DeviceVariants All { get; } = new(
    [
        .. from set in Enum.GetValues<InstructionSet>()
           where InstructionSets.IsSupported(set)
           from threads in ThreadCounts
           select CpuDevice.Create(threads, set),
    ]);

    /// <summary>For whole networks: one and seven threads of the best instruction set, and two threads of each, of the best one last.</summary>
    public static DeviceVariants Few { get; } = new(
        [.. All.All.TakeLast(ThreadCounts.Length).Where(device => device.Threads != 2), .. All.All.Where(device => device.Threads == 2)]);
}
