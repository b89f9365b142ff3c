using Trainer.Kernels.Devices;
using Trainer.Kernels.Gpu;

namespace Trainer.Cli.Local;

/// <summary>Which device each worker of this machine gets: several GPUs are dealt out in turn.</summary>
internal static class WorkerDevices
{
    /// <param name="asked">As a user gives it to --device.</param>
    /// <param name="list">What there is; asked only where the answer depends on it.</param>
    /// <exception cref="DeviceException">There is no such device, or it cannot be used.</exception>
    public static IReadOnlyList<string> Of(string asked, int workers, Func<IReadOnlyList<DeviceListing>> list)
    {
        var name = DeviceName.Parse(asked);
        var dealt = name.Kind == DeviceKind.Cpu ? [asked] : Equals(name, list());
        return [.. Enumerable.Range(0, workers).Select(worker => dealt[worker % dealt.Count])];
    }

    // A job's workers compute alike, so only devices that do are dealt.
    private static List<string> Equals(DeviceName name, IReadOnlyList<DeviceListing> devices)
    {
        var first = DeviceCatalog.Choose(name, devices);
        return name.Number is not null
            ? [first.Name]
            : [.. devices.Where(device => device.IsUsable && device.Kind == first.Kind && device.NumericsId == first.NumericsId).Select(device => device.Name)];
    }
}
