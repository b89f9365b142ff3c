using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Gpu;
using Trainer.Kernels.Gpu.Launching;
using Kernel = Trainer.Kernels.Gpu.Launching.Kernel;

namespace Trainer.Kernels.Tests.GpuCheck;

/// <summary>What each kernel takes of a multiprocessor, as the driver that compiled it says.</summary>
internal static partial class ResourceCases
{
    public const string Registers = "registers";
    public const string SpilledBytes = "spilled bytes";
    public const string SharedBytes = "shared bytes";
    public const string MostThreads = "most threads";

    // CUfunction_attribute of cuda.h: of a thread, but shared memory, which is a group's.
    private static readonly (string Name, int Attribute)[] CudaAttributes = [(Registers, 4), (SpilledBytes, 3), (SharedBytes, 1), (MostThreads, 0)];

    // cl_kernel_work_group_info of cl.h. Private memory is what a driver likes to call so: registers, or what does not fit into them.
    private static readonly (string Name, uint Attribute)[] OpenClAttributes = [("private bytes", 0x11B4), (SharedBytes, 0x11B2), (MostThreads, 0x11B0)];

    public static DevicePart Part => new(Topic.Resources, "Resources", [.. Kernel.All.Select(kernel => new CheckCase(kernel.Name, device => Read(kernel, (GpuDevice)device)))]);

    /// <summary>Whether a device can have this kernel at all.</summary>
    private static bool IsFor(Kernel kernel, GpuDevice device) =>
        (!kernel.NeedsTensorCores || device.CanCompute(ComputePrecision.Tf32)) && (!kernel.NeedsFloat64 || device.Queue.HasFloat64);

    private static CaseResult Read(Kernel kernel, GpuDevice device)
    {
        if (!IsFor(kernel, device))
        {
            return new CaseResult(Outcome.Skipped, "It is not for this device.");
        }

        device.Queue.Bind();
        return new CaseResult(Outcome.Measured, Figures: device.Queue.Accelerator is CLAccelerator openCl
            ? Ask((CLKernel)openCl.LoadKernel(OpenClText.Compile(openCl, kernel.Method)), openCl)
            : Ask((CudaKernel)device.Queue.Accelerator.LoadKernel(kernel.Method)));
    }

    private static Dictionary<string, double> Ask(CudaKernel kernel)
    {
        using (kernel)
        {
            return CudaAttributes.ToDictionary(
                one => one.Name,
                one => CudaAttribute(out var value, one.Attribute, kernel.FunctionPtr) is var error and not 0 ? throw new InvalidOperationException($"cuFuncGetAttribute: error {error}") : (double)value);
        }
    }

    private static Dictionary<string, double> Ask(CLKernel kernel, CLAccelerator accelerator)
    {
        using (kernel)
        {
            return OpenClAttributes.ToDictionary(
                one => one.Name,
                one => OpenClAttribute(kernel.KernelPtr, accelerator.DeviceId, one.Attribute, sizeof(ulong), out var value, out _) is var error and not 0
                    ? throw new InvalidOperationException($"clGetKernelWorkGroupInfo: error {error}")
                    : (double)value);
        }
    }

    [LibraryImport("cuda", EntryPoint = "cuFuncGetAttribute")]
    private static partial int CudaAttribute(out int value, int attribute, nint function);

    [LibraryImport("OpenCL", EntryPoint = "clGetKernelWorkGroupInfo")]
    private static partial int OpenClAttribute(nint kernel, nint device, uint name, nuint size, out ulong value, out nuint written);
}
