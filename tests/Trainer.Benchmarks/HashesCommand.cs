using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Tests.Hashes;

namespace Trainer.Benchmarks;

/// <summary>Computes the hashes that docs and tests name.</summary>
internal static class HashesCommand
{
    public static int Run()
    {
        using var device = CpuDevice.Create();
        Console.Write(NamedHashes.Compute(device).ToJson());
        return 0;
    }
}
