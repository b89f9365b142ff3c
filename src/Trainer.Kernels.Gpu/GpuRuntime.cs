using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Discovery;

namespace Trainer.Kernels.Gpu;

/// <summary>ILGPU's compiler and the devices it finds. A device that was opened owns its runtime.</summary>
internal sealed class GpuRuntime : IDisposable
{
    private readonly Context _context;

    static GpuRuntime() => DriverLibraries.Register();

    private GpuRuntime(Action<Context.Builder> devices) =>
        _context = Context.Create(builder =>
        {
            ExactIntrinsics.Register(builder);
            devices(builder.Optimize(OptimizationLevel.O2).Math(MathMode.Default));
        });

    /// <summary>With the devices of a <see cref="DeviceKind"/> that ILGPU takes.</summary>
    public static GpuRuntime Of(string kind) => new(builder => _ = kind == DeviceKind.Cuda ? builder.Cuda() : builder.OpenCL());

    /// <summary>The device that its driver knows by <paramref name="id"/> (<see cref="FoundDevice.Id"/>); null where ILGPU does not take it.</summary>
    public ILGPU.Runtime.Device? Find(nint id) => _context.Devices.FirstOrDefault(device => device switch
    {
        CudaDevice cuda => cuda.DeviceId == id,
        CLDevice cl => cl.DeviceId == id,
        _ => false, // ILGPU's emulation of a GPU
    });

    public void Dispose() => _context.Dispose();

    /// <summary>The device, which owns this runtime from here on.</summary>
    /// <exception cref="DeviceException">Its driver refuses: no memory left, or somebody has it for himself.</exception>
    public GpuDevice Open(string name, nint id)
    {
        try
        {
            return new GpuDevice(this, name, Find(id)!.CreateAccelerator(_context));
        }
        catch (AcceleratorException e)
        {
            Dispose();
            throw new DeviceException($"Device '{name}' does not open: {DriverFault.InWords(e)}", e);
        }
    }

    public static string Describe(ILGPU.Runtime.Device device) => device switch
    {
        CudaDevice { Architecture: { } architecture } cuda => $"{cuda.Name}, compute capability {architecture.Major}.{architecture.Minor}",
        CLDevice cl => $"{cl.Name}, {cl.VendorName}, OpenCL {cl.DeviceVersion.Major}.{cl.DeviceVersion.Minor}{(IsCpu(cl) ? ", a CPU" : "")}",
        _ => device.Name,
    };

    /// <summary>Bytes that can be allocated: CUDA's driver knows, OpenCL's tells what the device has in all.</summary>
    /// <param name="allocated">What this process has of them.</param>
    public static long FreeMemory(Accelerator accelerator, long allocated) =>
        accelerator is CudaAccelerator cuda ? cuda.GetFreeMemory() : accelerator.MemorySize - allocated;

    /// <summary>
    /// CUDA's instructions are those of the canonical arithmetic. An OpenCL device may round quotients and square roots as its vendor likes, so that
    /// device and driver are part of its identity.
    /// </summary>
    public static string NumericsIdOf(ILGPU.Runtime.Device device) => device is CLDevice cl
        ? $"{Numerics.Id}+opencl({cl.VendorName.Trim()}, {cl.Name.Trim()}, {CLAPI.CurrentAPI.GetDeviceInfo(cl.DeviceId, CLDeviceInfoType.CL_DRIVER_VERSION)})"
        : Numerics.Id;

    private static bool IsCpu(CLDevice device) => device.DeviceType.HasFlag(CLDeviceType.CL_DEVICE_TYPE_CPU);
}
