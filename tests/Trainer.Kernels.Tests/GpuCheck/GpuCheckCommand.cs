using System.Diagnostics;
using System.Text.Json;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Gpu;

namespace Trainer.Kernels.Tests.GpuCheck;

/// <summary>
/// What a machine with a GPU is checked by: every kernel and the zoo against the CPU's bits, what kernels take, and times of products and networks beside PyTorch's.
/// The most important first; what the time does not reach is named so.
/// </summary>
internal static class GpuCheckCommand
{
    private const int BadUsage = 2;
    private const int NoDevice = 3;

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is [CaseProcess.Verb, .. var rest])
        {
            return CaseProcess.Run(rest);
        }

        if (GpuCheckOptions.TryParse(arguments, out var problem) is not { } options)
        {
            Console.Error.WriteLine($"{problem}\n{GpuCheckOptions.Usage}");
            return BadUsage;
        }

        if (Find(options.Device, out var obstacle) is not { } device)
        {
            Console.Error.WriteLine(obstacle);
            return NoDevice;
        }

        Directory.CreateDirectory(options.Out);
        var report = await CheckAsync(options, device);
        await File.WriteAllTextAsync(Path.Combine(options.Out, "gpu-check.json"), JsonSerializer.Serialize(report, Json));
        await File.WriteAllTextAsync(Path.Combine(options.Out, "gpu-check.md"), CheckTables.Of(report));
        Console.WriteLine($"{(report.ExitCode == CheckReport.AllEqual ? "All bits that were compared are equal" : "Not all bits are known to be equal")}: {Path.Combine(options.Out, "gpu-check.md")}");
        return report.ExitCode;
    }

    private static DeviceListing? Find(string name, out string obstacle)
    {
        try
        {
            var chosen = DeviceCatalog.Choose(DeviceName.Parse(name), DeviceCatalog.List());
            using var opened = chosen.Kind == DeviceKind.Cpu ? null : DeviceCatalog.Open(chosen, threads: 0);
            obstacle = opened is null ? $"There is no GPU that can be used: {string.Join("; ", DeviceCatalog.List().Where(device => !device.IsUsable).Select(device => $"{device.Name}: {device.Obstacle}"))}" : "";
            return opened is null ? null : chosen;
        }
        catch (DeviceException e)
        {
            obstacle = e.Message;
            return null;
        }
    }

    private static async Task<CheckReport> CheckAsync(GpuCheckOptions options, DeviceListing device)
    {
        var (machine, started, began) = (Machine.Of(device), DateTimeOffset.UtcNow, Stopwatch.GetTimestamp());
        using var end = new CancellationTokenSource(TimeSpan.FromMinutes(options.Minutes));
        var findings = new List<Finding>();
        void Found(Finding finding)
        {
            lock (findings)
            {
                findings.Add(finding);
            }

            Console.WriteLine($"{Stopwatch.GetElapsedTime(began).TotalSeconds,6:F1} s  {finding.Outcome,-11} {finding.Part}: {finding.Case}");
        }

        var runs = Runs(options, device.Name, Found).ToList();
        var together = new ParallelOptions { MaxDegreeOfParallelism = Math.Clamp(Environment.ProcessorCount / 3, 1, 5) };
        await Parallel.ForEachAsync(runs.Where(run => Topic.Compares(run.Topic)), together, async (run, _) => await run.Run.RunAsync(end.Token));
        foreach (var (_, run) in runs.Where(run => !Topic.Compares(run.Topic)))
        {
            await run.RunAsync(end.Token);
        }

        var order = CheckParts.On(options.Seconds).Select(part => part.Name).ToList();
        return new CheckReport(machine, started, Stopwatch.GetElapsedTime(began).TotalSeconds, Machine.Loads(), options.Only.Count == 0,
            [.. findings.OrderBy(finding => (uint)order.IndexOf(finding.Part)).ThenBy(finding => finding.Number)]);
    }

    private static IEnumerable<(string Topic, PartRun Run)> Runs(GpuCheckOptions options, string device, Action<Finding> found)
    {
        foreach (var part in CheckParts.On(options.Seconds))
        {
            yield return (part.Topic, new PartRun(part, Chosen(part, options.Only), numbers => CaseProcess.Start(part, device, options.Seconds, numbers), found));
        }

        var torch = new TorchPart();
        var theirs = device.StartsWith(DeviceKind.Cuda, StringComparison.Ordinal) ? device : "cpu";
        yield return (torch.Topic, new PartRun(torch, Chosen(torch, options.Only), numbers => torch.Start(options, theirs, options.Out, numbers), found));
    }

    private static IReadOnlyList<int> Chosen(CheckPart part, IReadOnlyList<string> only) =>
        [.. Enumerable.Range(0, part.Cases.Count).Where(number => only.Count == 0 || only.Any(one => $"{part.Name}/{part.Cases[number]}".StartsWith(one, StringComparison.Ordinal)))];
}
