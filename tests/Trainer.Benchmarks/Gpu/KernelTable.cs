using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;
using Kernel = Trainer.Kernels.Gpu.Launching.Kernel;

namespace Trainer.Benchmarks.Gpu;

/// <summary>
/// What kernels would cost on a GPU, estimated from their PTX without one: registers, groups that a multiprocessor holds, and which share of the issue slots of
/// the inner loop multiplies.
/// </summary>
internal static class KernelTable
{
    /// <summary>Registers that addresses, predicates and the allocator's slack take beside what is live in PTX.</summary>
    private const int Slack = 8;
    private const int RegistersOfProcessor = 65_536;
    private const int WarpSize = 32;

    /// <summary>What a multiprocessor of compute capability 9.0 (H100) and 8.9 (RTX 4090) holds: warps, bytes of shared memory.</summary>
    private static readonly (string Name, int Warps, int SharedBytes)[] Processors = [("H100", 64, 227 << 10), ("RTX 4090", 48, 99 << 10)];

    public static int Run(IReadOnlyList<string> only)
    {
        Console.WriteLine($"{"shared",7} {"registers",9} {"H100",6} {"4090",6} {"multiply",8} {"of",4}  kernel");
        foreach (var kernel in Kernel.All.Where(kernel => only.Count == 0 || only.Any(part => kernel.Name.Contains(part, StringComparison.Ordinal))))
        {
            var code = new PtxCode(Compile(kernel));
            var registers = code.LiveRegisters() + Slack;
            var loop = code.InnerLoop();
            var occupancies = Processors.Select(processor => $"{Occupancy(processor, registers, code.SharedBytes),6:P0}");
            Console.WriteLine(
                $"{code.SharedBytes,7} {registers,9} {string.Join(' ', occupancies)} {loop.Count(PtxCode.Multiplies),8} {loop.Count,4}  {kernel.Name}");
        }

        return 0;
    }

    private static double Occupancy((string Name, int Warps, int SharedBytes) processor, int registers, int sharedBytes)
    {
        var warps = ThreadGroup.Size / WarpSize;
        var perGroup = (Math.Min(registers, 255) + 7) / 8 * 8 * ThreadGroup.Size;
        var groups = Math.Min(RegistersOfProcessor / perGroup, processor.Warps / warps);
        groups = sharedBytes == 0 ? groups : Math.Min(groups, processor.SharedBytes / (sharedBytes + 1024));
        return (double)groups * warps / processor.Warps;
    }

    private static string Compile(Kernel kernel)
    {
        using var context = Context.Create(builder =>
        {
            ExactIntrinsics.Register(builder);
            builder.CPU(new CPUDevice(2, 1, 1)).Optimize(OptimizationLevel.O2);
        });
        using var backend = new PTXBackend(context, CudaArchitecture.SM_80, CudaInstructionSet.ISA_70, nvvmAPI: null!);
        return ((PTXCompiledKernel)backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(kernel.Method), default)).PTXAssembly;
    }
}
