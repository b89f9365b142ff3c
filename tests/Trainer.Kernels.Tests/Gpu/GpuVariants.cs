using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Gpu;
using Trainer.Kernels.Tests.Devices;

namespace Trainer.Kernels.Tests.Gpu;

/// <summary>
/// The GPUs of this machine, each compared with the reference: an OpenCL device (where <c>./test</c> runs, PoCL, which runs OpenCL on the CPU) and a CUDA device.
/// </summary>
public static class GpuVariants
{
    /// <summary>The collection of tests that share these devices, each of which serves one call at a time.</summary>
    public const string Serial = "gpu devices";

    private static readonly Lazy<IReadOnlyList<Device>> Found = new(() => [.. OpenFirst(OpenCl, "opencl:0"), .. OpenFirst(Cuda, "cuda:0")]);

    private static readonly Lazy<DeviceVariants> Variants = new(() => new DeviceVariants(Found.Value, peer: Device.Cpu()));

    private static GpuRuntime OpenCl => GpuRuntime.OpenCl();

    private static GpuRuntime Cuda => GpuRuntime.Cuda();

    public static IReadOnlyList<Device> Devices => Found.Value;

    /// <summary>Skips the test where there is no GPU.</summary>
    public static DeviceVariants Required()
    {
        Assert.SkipWhen(Found.Value.Count == 0, "There is neither an OpenCL nor a CUDA device: see \"On GPUs\" in the README.");
        return Variants.Value;
    }

    private static IEnumerable<Device> OpenFirst(GpuRuntime runtime, string name)
    {
        if (runtime.Devices.Count == 0)
        {
            runtime.Dispose();
            return [];
        }

        return [runtime.Open(name, 0)];
    }
}
