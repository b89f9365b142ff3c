using System.Reflection;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using Trainer.Kernels.Gpu.Arithmetic;
using Kernel = Trainer.Kernels.Gpu.Launching.Kernel;

namespace Trainer.Kernels.Tests.Gpu;

/// <summary>What a kernel is compiled to.</summary>
/// <param name="Ptx">For sm_75 (unless it needs tensor cores of later ones) and sm_80, each in the oldest version that knows the target.</param>
/// <param name="OpenCl">OpenCL C 3.0; null where a kernel needs tensor cores.</param>
internal sealed record CompiledTexts(IReadOnlyList<(string Target, string Text)> Ptx, string? OpenCl);

/// <summary>Compiles kernels as a device would, without one.</summary>
internal static class OfflineCompiler
{
    private static readonly Lazy<IReadOnlyDictionary<string, Lazy<CompiledTexts>>> Compiled = new(CompileAll);

    /// <summary>The texts of a kernel of the catalogue; all are compiled, in parallel, when the first is wanted.</summary>
    public static CompiledTexts TextsOf(string kernel) => Compiled.Value[kernel].Value;

    /// <param name="tensorCores">Only for what has those of sm_80.</param>
    public static CompiledTexts Compile(MethodInfo method, bool tensorCores = false)
    {
        // A context each: a compilation that fails leaves one that compiles nothing else.
        using var context = Context.Create(builder =>
        {
            ExactIntrinsics.Register(builder);
            builder.CPU(new CPUDevice(2, 1, 1)).Optimize(OptimizationLevel.O2).Math(MathMode.Default);
        });
        var entry = EntryPointDescription.FromExplicitlyGroupedKernel(method);
        (string Target, string Text) Ptx(CudaArchitecture architecture, CudaInstructionSet version)
        {
            using var backend = new PTXBackend(context, architecture, version, nvvmAPI: null!);
            return ($"sm_{architecture.Major}{architecture.Minor}", ((PTXCompiledKernel)backend.Compile(entry, default)).PTXAssembly);
        }

        var ampere = Ptx(CudaArchitecture.SM_80, CudaInstructionSet.ISA_70);
        if (tensorCores)
        {
            return new CompiledTexts([ampere], null);
        }

        using var openCl = new CLBackend(context, new CLCapabilityContext(false, true, true, true, true), CLDeviceVendor.AMD, CLCVersion.CL30);
        return new CompiledTexts(
            [Ptx(CudaArchitecture.SM_75, CudaInstructionSet.ISA_63), ampere],
            ((CLCompiledKernel)openCl.Compile(entry, default)).Source);
    }

    private static IReadOnlyDictionary<string, Lazy<CompiledTexts>> CompileAll()
    {
        var texts = Kernel.All.ToDictionary(
            kernel => kernel.Name, kernel => new Lazy<CompiledTexts>(() => Compile(kernel.Method, kernel.NeedsTensorCores)), StringComparer.Ordinal);
        Parallel.ForEach(texts.Values, text =>
        {
            try
            {
                _ = text.Value;
            }
            catch (Exception)
            {
                // Its own test throws it again.
            }
        });
        return texts;
    }
}
