using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Gpu;
using Trainer.Kernels.Tests.Devices;

namespace Trainer.Kernels.Tests.Gpu;

/// <summary>
/// The GPUs of this machine, each compared with the reference: an OpenCL device (where <c>./test</c> runs, PoCL, which runs OpenCL on the CPU) and a CUDA device.
/// </summary>
public static class GpuVariants
{
    /// <summary>
    /// The collection of tests that share these devices, each of which serves one call at a time, and of those that open others: PoCL 3.1 crashes where one
    /// context is opened or closed while another compiles.
    /// </summary>
    public const string Serial = "gpu devices";

    private static readonly Lazy<IReadOnlyList<Device>> Found = new(
        () => _chosen is null ? [.. OpenFirst(DeviceKind.OpenCl), .. OpenFirst(DeviceKind.Cuda)] : [_chosen]);

    private static readonly Lazy<DeviceVariants> Variants = new(() => new DeviceVariants(Found.Value, peer: CpuDevice.Create()));

    private static Device? _chosen;

    public static IReadOnlyList<Device> Devices => Found.Value;

    /// <summary>Compares this device and no other, when it is called before anything is compared.</summary>
    public static void Choose(Device device) => _chosen = device;

    /// <summary>Skips the test where there is no GPU.</summary>
    public static DeviceVariants Required()
    {
        Assert.SkipWhen(Found.Value.Count == 0, "There is neither an OpenCL nor a CUDA device: see \"On GPUs\" in the README.");
        return Variants.Value;
    }

    private static IEnumerable<Device> OpenFirst(string kind) =>
        DeviceCatalog.List().Any(device => device.Kind == kind && device.IsUsable) ? [DeviceCatalog.Open(kind)] : [];
}
