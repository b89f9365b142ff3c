using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using Trainer.Kernels.Devices.Canonical;
using Trainer.Kernels.Devices.Gpu.Arithmetic;

namespace Trainer.Kernels.Devices.Gpu;

/// <summary>ILGPU's compiler and the devices it finds. A device that was opened owns its runtime.</summary>
internal sealed class GpuRuntime : IDisposable
{
    private readonly Context _context;

    static GpuRuntime() => NativeLibrary.SetDllImportResolver(typeof(Context).Assembly, Resolve);

    private GpuRuntime(Action<Context.Builder> devices) =>
        _context = Context.Create(builder =>
        {
            ExactIntrinsics.Register(builder);
            devices(builder.Optimize(OptimizationLevel.O2).Math(MathMode.Default));
        });

    /// <summary>CUDA devices in the driver's order, or OpenCL devices in the order of platforms.</summary>
    public static GpuRuntime Cuda() => new(builder => builder.Cuda());

    public static GpuRuntime OpenCl() => new(builder => builder.OpenCL());

    /// <summary>Without ILGPU's emulation of a GPU, which a context has where it finds nothing else.</summary>
    public IReadOnlyList<ILGPU.Runtime.Device> Devices => [.. _context.Devices.Where(device => device.AcceleratorType != AcceleratorType.CPU)];

    public void Dispose() => _context.Dispose();

    public GpuDevice Open(string name, int index) => new(this, name, Devices[index].CreateAccelerator(_context));

    public string Describe(Accelerator accelerator) => accelerator switch
    {
        CudaAccelerator cuda => $"{cuda.Name}, compute capability {cuda.Architecture.Major}.{cuda.Architecture.Minor}, {cuda.MemorySize >> 20} MiB",
        CLAccelerator cl => $"{cl.Name}, {cl.VendorName}, OpenCL C {cl.CVersion}, {cl.MemorySize >> 20} MiB",
        _ => accelerator.Name,
    };

    /// <summary>Bytes that can be allocated: CUDA's driver knows, OpenCL's tells what the device has in all.</summary>
    /// <param name="allocated">What this process has of them.</param>
    public static long FreeMemory(Accelerator accelerator, long allocated) =>
        accelerator is CudaAccelerator cuda ? cuda.GetFreeMemory() : accelerator.MemorySize - allocated;

    /// <summary>
    /// CUDA's instructions are those of the canonical arithmetic. An OpenCL device may round quotients and square roots as its vendor likes, so that
    /// device and driver are part of its identity.
    /// </summary>
    public string NumericsIdOf(Accelerator accelerator) => accelerator is CLAccelerator cl
        ? $"{Numerics.Id}+opencl({cl.VendorName.Trim()}, {cl.Name.Trim()}, {CLAPI.CurrentAPI.GetDeviceInfo(cl.DeviceId, CLDeviceInfoType.CL_DRIVER_VERSION)})"
        : Numerics.Id;

    /// <summary>A system may have the loader without the link that developers' packages make.</summary>
    private static nint Resolve(string name, System.Reflection.Assembly assembly, DllImportSearchPath? path) =>
        name.Contains("OpenCL", StringComparison.Ordinal) && !NativeLibrary.TryLoad(name, assembly, path, out _)
            && NativeLibrary.TryLoad("libOpenCL.so.1", assembly, path, out var loader) ? loader : 0;
}
