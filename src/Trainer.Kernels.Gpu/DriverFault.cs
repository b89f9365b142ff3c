using ILGPU.Runtime;
using ILGPU.Runtime.OpenCL;
using Trainer.Kernels.Devices;

namespace Trainer.Kernels.Gpu;

/// <summary>What a device's driver refused to do, in words: ILGPU's exceptions of OpenCL have a number and no text.</summary>
internal static class DriverFault
{
    public static DeviceException Of(string device, AcceleratorException fault) => new($"Device '{device}' failed: {InWords(fault)}", fault);

    public static string InWords(AcceleratorException fault) => fault switch
    {
        CLException cl => $"OpenCL error {(int)cl.Error} ({cl.Error})",
        { Message.Length: > 0 } => fault.Message,
        _ => fault.GetType().Name,
    };
}
