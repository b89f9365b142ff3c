using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace Trainer.Kernels.Gpu.Discovery;

/// <summary>The drivers' libraries under the names that a system without developers' packages has.</summary>
internal static class DriverLibraries
{
    /// <summary>The names by which imports ask, ILGPU's as well.</summary>
    public const string Cuda = "cuda";

    public const string OpenCl = "OpenCL";

    // Of the load context, which asks it last: ILGPU sets a resolver of its own where it needs one.
    static DriverLibraries() => AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) =>
        Candidates(name).Select(file => NativeLibrary.TryLoad(file, out var library) ? library : 0).FirstOrDefault(library => library != 0);

    /// <summary>The file that is looked for, for messages.</summary>
    public static string FileOf(string name) => Candidates(name)[0];

    /// <summary>To be called before the first import.</summary>
    public static void Register()
    {
    }

    private static string[] Candidates(string name) => name switch
    {
        Cuda when OperatingSystem.IsWindows() => ["nvcuda.dll"],
        Cuda => ["libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"],
        OpenCl when OperatingSystem.IsWindows() => ["OpenCL.dll"],
        OpenCl when OperatingSystem.IsMacOS() => ["/System/Library/Frameworks/OpenCL.framework/OpenCL"],
        OpenCl => ["libOpenCL.so.1"],
        _ => [],
    };
}
