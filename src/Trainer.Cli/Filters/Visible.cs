using Trainer.Kernels.Functional;

namespace Trainer.Cli.Filters;

/// <summary>How what a kernel gives becomes bytes that can be seen. It may be below 0 and above 255.</summary>
internal enum Visible
{
    /// <summary>Its distance from 0.</summary>
    Absolute,

    /// <summary>As it is: what is below 0 is black.</summary>
    Clamp,

    /// <summary>0 is a medium gray, 128.</summary>
    Center,
}

/// <summary>Bytes of a plane, and what was beyond them.</summary>
/// <param name="Lowest">Of what the kernel gave.</param>
/// <param name="Clipped">Pixels that were below 0 or above 255 after the mapping.</param>
internal sealed record VisiblePlane(byte[] Bytes, float Lowest, float Highest, long Clipped)
{
    /// <summary>Halves are rounded up and what is beyond 0 and 255 is cut off, as PIL's filters do.</summary>
    public static VisiblePlane Of(NdArray plane, Visible visible)
    {
        var (bytes, lowest, highest, clipped) = (new byte[plane.Values.Length], float.PositiveInfinity, float.NegativeInfinity, 0L);
        for (var i = 0; i < bytes.Length; i++)
        {
            var value = plane.Values[i];
            (lowest, highest) = (Math.Min(lowest, value), Math.Max(highest, value));
            var rounded = MathF.Floor(0.5f + visible switch { Visible.Absolute => Math.Abs(value), Visible.Center => value + 128, _ => value });
            clipped += rounded is < 0 or > 255 ? 1 : 0;
            bytes[i] = (byte)Math.Clamp(rounded, 0, 255);
        }

        return new VisiblePlane(bytes, lowest, highest, clipped);
    }
}
