using System.Runtime.InteropServices;
using System.Text;

namespace Trainer.Kernels.Gpu.Discovery;

/// <summary>OpenCL's loader, asked what is there.</summary>
/// <remarks>The kernels are OpenCL C 2.0 with pointers into the generic address space, which 3.0 made optional.</remarks>
internal static unsafe partial class OpenClLoader
{
    private const int NoPlatforms = -1001; // CL_PLATFORM_NOT_FOUND_KHR
    private const ulong AllTypes = 0xFFFFFFFF;
    private const ulong Cpu = 1 << 1;
    private const ulong Gpu = 1 << 2;
    private const uint Type = 0x1000;
    private const uint GlobalMemory = 0x101F;
    private const uint Available = 0x1027;
    private const uint CompilerAvailable = 0x1028;
    private const uint Name = 0x102B;
    private const uint Vendor = 0x102C;
    private const uint Version = 0x102F;
    private const uint GenericAddressSpace = 0x1069;

    /// <summary>Drivers set themselves up at the first question. PoCL was seen to crash where two threads asked it at once.</summary>
    private static readonly Lock OneAtATime = new();

    static OpenClLoader() => DriverLibraries.Register();

    public static DeviceSurvey Survey()
    {
        lock (OneAtATime)
        {
            return Ask();
        }
    }

    private static DeviceSurvey Ask()
    {
        var library = DriverLibraries.FileOf(DriverLibraries.OpenCl);
        try
        {
            var error = PlatformIds(0, null, out var count);
            if (error == NoPlatforms || (error == 0 && count == 0))
            {
                return DeviceSurvey.Absent($"{library} finds no platform: no vendor's driver (ICD) is installed");
            }

            var platforms = new nint[count];
            error = error == 0 ? PlatformIds(count, platforms, out _) : error;
            return error == 0
                ? DeviceSurvey.Of([.. platforms.SelectMany(Devices).Select(Describe)], "the platforms have no device")
                : DeviceSurvey.Absent($"{library} does not list its platforms: error {error}");
        }
        catch (DllNotFoundException)
        {
            return DeviceSurvey.Absent($"no OpenCL: {library} is not there");
        }
        catch (EntryPointNotFoundException e)
        {
            return DeviceSurvey.Absent($"{library} is not OpenCL's loader: {e.Message}");
        }
    }

    private static nint[] Devices(nint platform)
    {
        if (DeviceIds(platform, AllTypes, 0, null, out var count) != 0)
        {
            return [];
        }

        var devices = new nint[count];
        return DeviceIds(platform, AllTypes, count, devices, out _) == 0 ? devices : [];
    }

    private static FoundDevice Describe(nint device)
    {
        var type = Number(device, Type);
        var kind = (type & Gpu) != 0 ? "GPU" : (type & Cpu) != 0 ? "CPU" : "accelerator";
        var version = Text(device, Version);
        var description = $"{Text(device, Name)}, {Text(device, Vendor)}, OpenCL {VersionIn(version)}, a {kind}";
        return new FoundDevice(device, description, (long)Number(device, GlobalMemory), (type & Gpu) != 0, Obstacle(device, version));
    }

    private static string? Obstacle(nint device, string version)
    {
        if (Number(device, Available) == 0)
        {
            return "its driver says that it is not available";
        }

        if (Number(device, CompilerAvailable) == 0)
        {
            return "its driver has no compiler";
        }

        return VersionIn(version) switch
        {
            null => $"its driver's version is unreadable: '{version}'",
            { Major: < 2 } => $"OpenCL C 2.0 is needed, and it has {version}",
            { Major: >= 3 } when Number(device, GenericAddressSpace) == 0 => "it does not have OpenCL C's generic address space (of PoCL, version 4 and later have it)",
            _ => null,
        };
    }

    // "OpenCL 3.0 PoCL HSTR: pthread-..."
    private static Version? VersionIn(string text) =>
        text.Split(' ') is ["OpenCL", var number, ..] && System.Version.TryParse(number, out var version) ? version : null;

    private static ulong Number(nint device, uint parameter)
    {
        ulong value = 0; // cl_bool has four bytes, the others eight
        return DeviceInfo(device, parameter, sizeof(ulong), &value, out _) == 0 ? value : 0;
    }

    private static string Text(nint device, uint parameter)
    {
        if (DeviceInfo(device, parameter, 0, null, out var length) != 0)
        {
            return "";
        }

        var text = new byte[length];
        fixed (byte* to = text)
        {
            return DeviceInfo(device, parameter, length, to, out _) == 0 ? Encoding.UTF8.GetString(text).TrimEnd('\0').Trim() : "";
        }
    }

    [LibraryImport(DriverLibraries.OpenCl, EntryPoint = "clGetPlatformIDs")]
    private static partial int PlatformIds(uint room, nint[]? platforms, out uint count);

    [LibraryImport(DriverLibraries.OpenCl, EntryPoint = "clGetDeviceIDs")]
    private static partial int DeviceIds(nint platform, ulong types, uint room, nint[]? devices, out uint count);

    [LibraryImport(DriverLibraries.OpenCl, EntryPoint = "clGetDeviceInfo")]
    private static partial int DeviceInfo(nint device, uint parameter, nuint room, void* value, out nuint length);
}
