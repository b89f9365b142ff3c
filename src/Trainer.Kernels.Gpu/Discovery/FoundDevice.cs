namespace Trainer.Kernels.Gpu.Discovery;

/// <summary>A device as its driver describes it.</summary>
/// <param name="Id">CUDA's ordinal, OpenCL's handle.</param>
/// <param name="Obstacle">Why the kernels cannot run on it; null where nothing speaks against it.</param>
internal sealed record FoundDevice(nint Id, string Description, long MemoryBytes, bool IsGpu, string? Obstacle);

/// <summary>What a driver answered: devices, or why there are none.</summary>
internal sealed record DeviceSurvey(IReadOnlyList<FoundDevice> Devices, string? Absence)
{
    public static DeviceSurvey Of(IReadOnlyList<FoundDevice> devices, string none) => new(devices, devices.Count == 0 ? none : null);

    public static DeviceSurvey Absent(string why) => new([], why);
}
