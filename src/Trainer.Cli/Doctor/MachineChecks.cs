using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Trainer.Cli.Home;
using Trainer.Cli.Output;
using Trainer.Hosting.Run;
using Trainer.Kernels.Data;
using Trainer.Kernels.Gpu;

namespace Trainer.Cli.Doctor;

/// <summary>What this machine has: program, processor, memory, disk, folders, data, tools.</summary>
internal static class MachineChecks
{
    private const double GiB = 1L << 30;

    public static IEnumerable<Check> All(LocalFolders folders, Func<string, string?> environment)
    {
        var system = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture}";
        yield return new Check(".NET", Verdict.Ok, $"{RuntimeInformation.FrameworkDescription} on {system}");
        yield return Processor();
        yield return Gpus(DeviceCatalog.List());
        yield return Memory(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        yield return Disk(folders.Store);
        yield return RunFolderAt(folders.Run);
        yield return Clock(TimeProvider.System.GetUtcNow());
        yield return DataSetIn(KnownDataSet.FashionMnist, KnownDataSet.FashionMnist.Find());
        yield return Tool("prometheus", "It collects the metrics; Debian's package is called prometheus.", environment);
        yield return Tool("kubectl", "It deploys to Kubernetes (deploy/k8s).", environment);
    }

    internal static Check Gpus(IEnumerable<DeviceListing> devices)
    {
        var usable = devices.Where(device => device is { IsGpu: true, IsUsable: true }).Select(device => $"{device.Name} ({device.Description})").ToList();
        return usable.Count > 0
            ? new("GPU", Verdict.Ok, string.Join("; ", usable))
            : new("GPU", Verdict.Optional, "none that can be used; networks train on the CPU", "What is there and why it cannot be used: trainer devices");
    }

    internal static Check Memory(double available) => available >= 2 * GiB
        ? new("memory", Verdict.Ok, Words.Bytes(available))
        : new("memory", Verdict.Warning, Words.Bytes(available), "A coordinator and two workers want 2 GiB; start fewer workers.");

    internal static Check RunFolderAt(string path)
    {
        try
        {
            return new("run folder", Verdict.Ok, RunFolder.TryOpen(path) is null ? $"{path} (not made yet)" : $"{path}, private");
        }
        catch (Exception unusable) when (unusable is RunFolderException or UnauthorizedAccessException)
        {
            return new("run folder", Verdict.Missing, unusable.Message, "Or set TRAINER_HOME to a folder of yours.");
        }
    }

    /// <summary>A clock that stands before the program was built is wrong, whatever time it is.</summary>
    internal static Check Clock(DateTimeOffset now)
    {
        var shown = $"{now:yyyy-MM-dd HH:mm:ss} UTC";
        return now.UtcDateTime >= File.GetLastWriteTimeUtc(typeof(MachineChecks).Assembly.Location)
            ? new("clock", Verdict.Ok, shown)
            : new("clock", Verdict.Warning, $"{shown}, which is before this program was built", "Set the clock: times in logs and metrics come from it.");
    }

    internal static Check DataSetIn(KnownDataSet set, string? folder)
    {
        if (folder is null)
        {
            return new(set.Title, Verdict.Missing, $"not in {string.Join(", ", set.Folders)}", $"Get it with: {set.Fetch}");
        }

        try
        {
            set.Load(folder);
            return new(set.Title, Verdict.Ok, $"{folder}, sums right");
        }
        catch (DataFileException wrong)
        {
            return new(set.Title, Verdict.Missing, wrong.Message, $"Remove the file, then: {set.Fetch}");
        }
    }

    internal static Check Tool(string name, string purpose, Func<string, string?> environment)
    {
        var folders = (environment("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        var found = folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        return found is not null ? new(name, Verdict.Ok, found) : new(name, Verdict.Optional, "not installed", purpose);
    }

    private static Check Processor()
    {
        var cores = Words.Plural(Environment.ProcessorCount, "processor");
        return Avx512F.IsSupported ? new("processor", Verdict.Ok, $"{cores} with AVX-512")
            : Avx2.IsSupported && Fma.IsSupported ? new("processor", Verdict.Ok, $"{cores} with AVX2")
            : AdvSimd.Arm64.IsSupported ? new("processor", Verdict.Ok, $"{cores} with Neon")
            : new("processor", Verdict.Warning, $"{cores} without AVX2", "Training works, with the same result, but many times slower.");
    }

    private static Check Disk(string folder)
    {
        var existing = folder;
        while (!Directory.Exists(existing))
        {
            existing = Path.GetDirectoryName(existing)!;
        }

        var free = (double)new DriveInfo(existing).AvailableFreeSpace;
        var shown = $"{Words.Bytes(free)} free at {existing}";
        return free >= GiB
            ? new("disk", Verdict.Ok, shown)
            : new("disk", Verdict.Warning, shown, "Results and logs need room; set TRAINER_HOME to a folder on a larger disk.");
    }
}
