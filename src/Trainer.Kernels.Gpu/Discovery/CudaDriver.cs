using System.Runtime.InteropServices;
using System.Text;

namespace Trainer.Kernels.Gpu.Discovery;

/// <summary>CUDA's driver, asked what is there.</summary>
internal static unsafe partial class CudaDriver
{
    private const int NoDevice = 100;
    private const int ComputeCapabilityMajor = 75;
    private const int ComputeCapabilityMinor = 76;

    static CudaDriver() => DriverLibraries.Register();

    public static DeviceSurvey Survey()
    {
        try
        {
            var error = Init(0);
            var count = 0;
            error = error == 0 ? DeviceCount(out count) : error;
            return error is 0 or NoDevice
                ? DeviceSurvey.Of([.. Enumerable.Range(0, count).Select(Describe)], "the driver finds no device")
                : DeviceSurvey.Absent($"the driver does not start: error {error} ({NameOf(error)})");
        }
        catch (DllNotFoundException)
        {
            return DeviceSurvey.Absent($"no NVIDIA driver: {DriverLibraries.FileOf(DriverLibraries.Cuda)} is not there");
        }
        catch (EntryPointNotFoundException e)
        {
            return DeviceSurvey.Absent($"{DriverLibraries.FileOf(DriverLibraries.Cuda)} is not NVIDIA's driver: {e.Message}");
        }
    }

    private static FoundDevice Describe(int ordinal)
    {
        var error = Device(out var device, ordinal);
        if (error != 0)
        {
            return new FoundDevice(ordinal, "", 0, IsGpu: true, $"the driver does not open it: error {error} ({NameOf(error)})");
        }

        var name = stackalloc byte[256];
        _ = DeviceName(name, 256, device);
        _ = TotalMemory(out var memory, device);
        _ = DeviceAttribute(out var major, ComputeCapabilityMajor, device);
        _ = DeviceAttribute(out var minor, ComputeCapabilityMinor, device);
        var description = $"{Text(name)}, compute capability {major}.{minor}";
        return new FoundDevice(device, description, (long)memory, IsGpu: true, Obstacle: null);
    }

    private static string NameOf(int error) => ErrorName(error, out var name) == 0 ? Text(name) : "unknown to the driver";

    private static string Text(byte* text) => Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text)).Trim();

    [LibraryImport(DriverLibraries.Cuda, EntryPoint = "cuInit")]
    private static partial int Init(uint flags);

    [LibraryImport(DriverLibraries.Cuda, EntryPoint = "cuDeviceGetCount")]
    private static partial int DeviceCount(out int count);

    [LibraryImport(DriverLibraries.Cuda, EntryPoint = "cuDeviceGet")]
    private static partial int Device(out int device, int ordinal);

    [LibraryImport(DriverLibraries.Cuda, EntryPoint = "cuDeviceGetName")]
    private static partial int DeviceName(byte* name, int length, int device);

    [LibraryImport(DriverLibraries.Cuda, EntryPoint = "cuDeviceTotalMem_v2")]
    private static partial int TotalMemory(out nuint bytes, int device);

    [LibraryImport(DriverLibraries.Cuda, EntryPoint = "cuDeviceGetAttribute")]
    private static partial int DeviceAttribute(out int value, int attribute, int device);

    [LibraryImport(DriverLibraries.Cuda, EntryPoint = "cuGetErrorName")]
    private static partial int ErrorName(int error, out byte* name);
}
