using System.Diagnostics;
using System.Globalization;
using Trainer.Kernels.Gpu;
using Trainer.Kernels.Tests.Gpu;

namespace Trainer.Kernels.Tests.GpuCheck;

/// <summary>
/// Runs cases of one part in a process of its own, and writes a line when one begins, comes to another kernel, and ends. After a fault of the driver the device may be of no more
/// use to this process: it ends, and another goes on with the next case.
/// </summary>
internal static class CaseProcess
{
    public const string Verb = "cases";

    public static ProcessStartInfo Start(DevicePart part, string device, double seconds, IReadOnlyList<int> numbers) => new(
        Environment.ProcessPath!,
        ["gpu-check", Verb, part.Name, device, seconds.ToString(CultureInfo.InvariantCulture), string.Join(',', numbers)]);

    public static int Run(IReadOnlyList<string> arguments)
    {
        var part = CheckParts.On(double.Parse(arguments[2], CultureInfo.InvariantCulture)).Single(part => part.Name == arguments[0]);
        using var device = DeviceCatalog.Open(arguments[1]);
        GpuVariants.Choose(device);
        foreach (var number in arguments[3].Split(',').Select(text => int.Parse(text, CultureInfo.InvariantCulture)))
        {
            var finding = Run(part, number, (GpuDevice)device);
            Console.WriteLine(finding.ToLine());
            if (finding.Outcome == Outcome.Failed)
            {
                // Without the device's disposal, which would ask the driver again.
                Environment.Exit(1);
            }
        }

        return 0;
    }

    private static Finding Run(DevicePart part, int number, GpuDevice device)
    {
        var (began, begun) = (Stopwatch.GetTimestamp(), Finding.Without(part, number, Outcome.Begun, ""));
        Console.WriteLine(begun.ToLine());
        device.Queue.Launching = kernel =>
        {
            if (!begun.Kernels.Contains(kernel.Name, StringComparer.Ordinal))
            {
                begun = begun with { Kernels = [.. begun.Kernels, kernel.Name] };
                Console.WriteLine(begun.ToLine());
            }
        };
        try
        {
            var result = part.Checks[number].Run(device);
            device.Synchronize();
            return Ended(result.Outcome, result.Detail) with { Figures = result.Figures ?? begun.Figures };
        }
        catch (Exception e)
        {
            return Ended(Outcome.Failed, "").FailedWith($"{e.GetType().Name}: {e.Message}");
        }

        Finding Ended(string outcome, string detail) => begun with { Outcome = outcome, Detail = detail, Seconds = Stopwatch.GetElapsedTime(began).TotalSeconds };
    }
}
