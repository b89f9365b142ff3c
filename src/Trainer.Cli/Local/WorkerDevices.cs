using Trainer.Cli.Options;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Gpu;

namespace Trainer.Cli.Local;

/// <summary>Which device each worker of a machine, or of a process, gets: several GPUs are dealt out in turn.</summary>
internal static class WorkerDevices
{
    private const string AllCpus = $"{DeviceKind.Cpu}:all";
    private const string AllCuda = $"{DeviceKind.Cuda}:all";
    private const string AllOpenCl = $"{DeviceKind.OpenCl}:all";

    /// <summary>What <see cref="Of"/> takes, where nobody says how many workers there are.</summary>
    public const string Expected = "auto, cpu[:all], cuda[:N|:all] or opencl[:N|:all]";

    /// <summary>Whether a worker is asked for on each device of a kind, or on each NUMA node of the CPU.</summary>
    public static bool IsAll(string asked) => asked is AllCpus or AllCuda or AllOpenCl;

    /// <param name="asked">As a user gives it to --device.</param>
    /// <param name="workers">Null: as many as there are devices where all are asked for, else one.</param>
    /// <param name="list">What there is; asked only where the answer depends on it.</param>
    /// <exception cref="DeviceException">There is no such device, or it cannot be used.</exception>
    public static IReadOnlyList<DeviceListing> Of(string asked, int? workers, Func<IReadOnlyList<DeviceListing>> list)
    {
        if (IsAll(asked))
        {
            return asked == AllCpus ? DeviceCatalog.CpuNodes() : All(asked, list());
        }

        var name = DeviceName.Parse(asked);
        var dealt = name.Kind == DeviceKind.Cpu ? [DeviceCatalog.Cpu()] : Equals(name, list());
        return [.. Enumerable.Range(0, workers ?? 1).Select(worker => dealt[worker % dealt.Count])];
    }

    /// <summary>Opens a device for each worker of a process. Workers that share one share what memory it has; those on the CPU its threads.</summary>
    /// <param name="threads">Of the CPU, all together; 0: one for each processor.</param>
    /// <param name="memory">Bytes that the process may hold; null: what it finds.</param>
    /// <exception cref="DeviceException">A driver refuses, or nobody computes in the memory that is limited.</exception>
    public static IReadOnlyList<Device> Open(IReadOnlyList<DeviceListing> devices, int threads, long? memory)
    {
        var onCpu = devices.Count(device => device.Kind == DeviceKind.Cpu);
        if (memory is not null)
        {
            RefuseMemory("--memory", devices);
        }

        var each = LocalClusterOptions.ThreadsOf(threads == 0 ? Environment.ProcessorCount : threads, Math.Max(1, onCpu));
        var opened = new List<Device>();
        try
        {
            foreach (var listed in devices)
            {
                var device = DeviceCatalog.Open(listed, threads == 0 && listed.IsNode ? 0 : each); // Nodes may differ in size.
                opened.Add(device);
                if (device is CpuDevice cpu)
                {
                    cpu.ProcessLimit = memory;
                    RefuseNoRoom(cpu, memory);
                }

                var sharers = devices.Count(other => other.Name == listed.Name);
                device.MemoryLimit = sharers > 1 ? device.AvailableMemory / sharers : null;
            }

            return opened;
        }
        catch
        {
            opened.ForEach(device => device.Dispose());
            throw;
        }
    }

    /// <summary>Of workers that have memory of their own, the machine's cannot be limited.</summary>
    /// <param name="option">That says how much there is for them.</param>
    /// <exception cref="DeviceException">None of them computes on the CPU.</exception>
    public static void RefuseMemory(string option, IReadOnlyList<DeviceListing> devices)
    {
        if (devices.All(device => device.Kind != DeviceKind.Cpu))
        {
            throw new DeviceException($"{option} is for workers on the CPU, and these compute on {string.Join(", ", devices.Select(device => device.Name).Distinct())}, whose own memory they plan. Leave it out.");
        }
    }

    private static void RefuseNoRoom(CpuDevice device, long? memory)
    {
        if (memory is { } limit && device.AvailableMemory is { } room and <= 0)
        {
            throw new DeviceException($"--memory {ByteSizeOption.Text(limit)} leaves no room for a job: {limit - room:N0} bytes go to the process itself. Give it more.");
        }
    }

    // Whoever asks for all wants none left out in silence.
    private static List<DeviceListing> All(string asked, IReadOnlyList<DeviceListing> devices)
    {
        List<DeviceListing> all = [.. devices.Where(device => device.Kind == asked[..asked.IndexOf(':', StringComparison.Ordinal)])];
        return all.Exists(device => !device.IsUsable)
            ? throw new DeviceException($"Device '{asked}' cannot be used: {string.Join("; ", all.Where(device => !device.IsUsable).Select(device => $"{device.Name}: {device.Obstacle}"))}.")
            : all;
    }

    // A job's workers compute alike, so only devices that do are dealt.
    private static List<DeviceListing> Equals(DeviceName name, IReadOnlyList<DeviceListing> devices)
    {
        var first = DeviceCatalog.Choose(name, devices);
        return name.Number is not null
            ? [first]
            : [.. devices.Where(device => device.IsUsable && device.Kind == first.Kind && device.NumericsId == first.NumericsId)];
    }
}
