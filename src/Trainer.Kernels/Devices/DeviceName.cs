using System.Globalization;

namespace Trainer.Kernels.Devices;

/// <summary>Which device a user asks for: <c>auto</c>, <c>cpu</c>, <c>cuda[:N]</c> or <c>opencl[:N]</c>.</summary>
/// <param name="Kind">A <see cref="DeviceKind"/>, or <see cref="Auto"/>.</param>
/// <param name="Number">As the drivers count them; null: the first that can be used.</param>
public sealed record DeviceName(string Kind, int? Number)
{
    /// <summary>The first CUDA device that can be used, else the first such OpenCL device that is a GPU, else the CPU.</summary>
    public const string Auto = "auto";

    /// <summary>What <see cref="TryParse"/> takes.</summary>
    public const string Expected = "auto, cpu, cuda[:N] or opencl[:N]";

    public static DeviceName? TryParse(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            return text is Auto or DeviceKind.Cpu or DeviceKind.Cuda or DeviceKind.OpenCl ? new DeviceName(text, null) : null;
        }

        return text[..colon] is (DeviceKind.Cuda or DeviceKind.OpenCl) and var kind
            && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new DeviceName(kind, number)
            : null;
    }

    /// <exception cref="DeviceException">It is none.</exception>
    public static DeviceName Parse(string text) => TryParse(text) ?? throw new DeviceException($"Device '{text}' is unknown; expected {Expected}.");

    public override string ToString() => Number is { } number ? $"{Kind}:{number}" : Kind;
}
