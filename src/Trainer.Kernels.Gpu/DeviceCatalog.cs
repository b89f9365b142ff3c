using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Gpu.Discovery;

namespace Trainer.Kernels.Gpu;

/// <summary>A device of this machine; or a kind of which there is none, and why.</summary>
/// <param name="Name">As <see cref="DeviceCatalog.Open(string, int)"/> takes it: <c>opencl:0</c>; of a missing kind <c>opencl</c>.</param>
/// <param name="Description">For people; empty where nothing is known.</param>
/// <param name="MemoryBytes">0 where it is not known.</param>
/// <param name="NumericsId">Devices of equal ids give equal bits; empty where the device cannot be used.</param>
/// <param name="IsGpu">OpenCL finds CPUs as well.</param>
/// <param name="Obstacle">Why it cannot be used; null where it can.</param>
public sealed record DeviceListing(string Name, string Description, long MemoryBytes, string NumericsId, bool IsGpu, string? Obstacle)
{
    internal nint DriverId { get; init; }

    /// <summary>Of a CPU that is one of several: what its threads keep to.</summary>
    internal Processors? Processors { get; init; }

    /// <summary>Whether it is one of several parts of the machine's CPU, with processors of its own.</summary>
    public bool IsNode => Processors is not null;

    /// <summary>A <see cref="DeviceKind"/>.</summary>
    public string Kind => Name.Split(':')[0];

    public bool IsUsable => Obstacle is null;
}

/// <summary>What this machine has: its CPU, CUDA devices in the driver's order, OpenCL devices in the loader's.</summary>
public static class DeviceCatalog
{
    /// <summary>Asks the drivers; nothing is opened and nothing is remembered.</summary>
    public static IReadOnlyList<DeviceListing> List() => [Cpu(), .. Gpus(DeviceKind.Cuda), .. Gpus(DeviceKind.OpenCl)];

    /// <summary>What a name stands for, of these: see <see cref="DeviceName"/>.</summary>
    /// <exception cref="DeviceException">None of them, or one that cannot be used.</exception>
    public static DeviceListing Choose(DeviceName name, IReadOnlyList<DeviceListing> devices)
    {
        if (name.Kind == DeviceName.Auto)
        {
            return devices.FirstOrDefault(device => device is { Kind: DeviceKind.Cuda, IsUsable: true })
                ?? devices.FirstOrDefault(device => device is { Kind: DeviceKind.OpenCl, IsUsable: true, IsGpu: true })
                ?? devices.First(device => device.Kind == DeviceKind.Cpu);
        }

        // Where a kind is missing altogether, its one listing has no number and tells the reason.
        var candidates = devices.Where(device => device.Kind == name.Kind && (name.Number is null || device.Name == name.ToString() || device.Name == name.Kind))
            .ToList();
        return candidates.Find(device => device.IsUsable)
            ?? throw new DeviceException($"Device '{name}' cannot be used: {Reason(candidates)}. There is: {string.Join("; ", devices.Select(InWords))}.");
    }

    /// <summary>The device that a user asks for, as <see cref="List"/> names them.</summary>
    /// <param name="name"><c>auto</c>, <c>cpu</c>, <c>cuda[:N]</c> or <c>opencl[:N]</c>: see <see cref="DeviceName"/>.</param>
    /// <param name="threads">Of the CPU, as in <see cref="CpuDevice.Create(int)"/>; a GPU has its own.</param>
    /// <exception cref="DeviceException">There is no such name, or no such device, or it cannot be used.</exception>
    public static Device Open(string name, int threads = 0) => Open(DeviceName.Parse(name), threads);

    /// <summary>A device that was listed and can be used.</summary>
    /// <exception cref="DeviceException">Its driver refuses.</exception>
    public static Device Open(DeviceListing chosen, int threads) =>
        chosen.Kind == DeviceKind.Cpu ? chosen.Processors is { } processors ? CpuDevice.Create(threads, processors) : CpuDevice.Create(threads) : GpuRuntime.Of(chosen.Kind).Open(chosen.Name, chosen.DriverId);

    private static Device Open(DeviceName name, int threads) => name.Kind == DeviceKind.Cpu ? CpuDevice.Create(threads) : Open(Choose(name, List()), threads);

    private static string Reason(List<DeviceListing> candidates) => candidates switch
    {
        [] => "there is none of this name",
        [var only] => only.Obstacle!,
        _ => string.Join("; ", candidates.Select(device => $"{device.Name}: {device.Obstacle}")),
    };

    private static string InWords(DeviceListing device) => device.IsUsable ? $"{device.Name} ({device.Description})" : $"{device.Name} (not usable)";

    /// <summary>This machine's CPU, without a look at its drivers.</summary>
    public static DeviceListing Cpu()
    {
        using var device = CpuDevice.Create(threads: 0);
        return new(device.Name, device.Description, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, Numerics.Id, IsGpu: false, Obstacle: null);
    }

    /// <summary>This machine's CPU, once for each of its NUMA nodes.</summary>
    public static IReadOnlyList<DeviceListing> CpuNodes() => [.. NumaNodes.List().Select(processors => Cpu() with { Processors = processors })];

    private static IEnumerable<DeviceListing> Gpus(string kind)
    {
        var survey = kind == DeviceKind.Cuda ? CudaDriver.Survey() : OpenClLoader.Survey();
        if (survey.Absence is { } absence)
        {
            return [new DeviceListing(kind, "", 0, "", IsGpu: false, absence)];
        }

        // ILGPU passes over in silence whatever it does not like, so it is asked only about those that should do.
        using var runtime = survey.Devices.Any(device => device.Obstacle is null) ? GpuRuntime.Of(kind) : null;
        return [.. survey.Devices.Select((device, number) => Listing($"{kind}:{number}", device, runtime))];
    }

    private static DeviceListing Listing(string name, FoundDevice found, GpuRuntime? runtime)
    {
        var usable = found.Obstacle is null ? runtime!.Find(found.Id) : null;
        return usable is null
            ? new(name, found.Description, found.MemoryBytes, "", found.IsGpu, found.Obstacle ?? "ILGPU does not take it")
            : new(name, GpuRuntime.Describe(usable), usable.MemorySize, GpuRuntime.NumericsIdOf(usable), found.IsGpu, Obstacle: null) { DriverId = found.Id };
    }
}
