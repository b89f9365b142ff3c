namespace Trainer.Kernels.Devices;

/// <summary>The kinds of devices, in the words of users: of options, job files and metrics.</summary>
public static class DeviceKind
{
    public const string Cpu = "cpu";

    /// <summary>NVIDIA's GPUs by NVIDIA's driver.</summary>
    public const string Cuda = "cuda";

    /// <summary>Whatever the system's OpenCL loader finds.</summary>
    public const string OpenCl = "opencl";
}
