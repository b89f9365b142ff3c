using System.Globalization;
using Trainer.Kernels.Devices;

namespace Trainer.Kernels.Tests.GpuCheck;

/// <param name="Device">As <see cref="DeviceName"/> names it.</param>
/// <param name="Minutes">When it ends, whatever is left.</param>
/// <param name="Out">The folder for the report.</param>
/// <param name="Only">Parts, or cases as PART/CASE, by the beginnings of their names; empty: all.</param>
/// <param name="Seconds">Of each measurement, about.</param>
/// <param name="Python">With PyTorch, where there is one.</param>
internal sealed record GpuCheckOptions(string Device, double Minutes, string Out, IReadOnlyList<string> Only, double Seconds, string Python)
{
    public const string Usage = "usage: run [--device auto|cuda[:N]|opencl[:N]] [--minutes 8] [--out gpu-check-report] [--only PART[/CASE],...] [--seconds 1] [--python python3]";

    public static GpuCheckOptions Default { get; } = new(DeviceName.Auto, 8, "gpu-check-report", [], 1, "python3");

    /// <returns>Null where there is a problem.</returns>
    public static GpuCheckOptions? TryParse(IReadOnlyList<string> arguments, out string problem)
    {
        var options = Default;
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var value = i + 1 < arguments.Count ? arguments[i + 1] : "";
            if (options.With(arguments[i], value) is not { } next)
            {
                problem = $"Cannot read '{arguments[i]} {value}'.";
                return null;
            }

            options = next;
        }

        problem = "";
        return options;
    }

    private GpuCheckOptions? With(string option, string value) => option switch
    {
        "--device" when DeviceName.TryParse(value) is { Kind: not DeviceKind.Cpu } => this with { Device = value },
        "--minutes" when Positive(value) is { } minutes => this with { Minutes = minutes },
        "--seconds" when Positive(value) is { } seconds => this with { Seconds = seconds },
        "--out" when value.Length > 0 => this with { Out = value },
        "--only" when value.Length > 0 => this with { Only = value.Split(',') },
        "--python" when value.Length > 0 => this with { Python = value },
        _ => null,
    };

    private static double? Positive(string value) =>
        double.TryParse(value, CultureInfo.InvariantCulture, out var number) && number > 0 && double.IsFinite(number) ? number : null;
}
