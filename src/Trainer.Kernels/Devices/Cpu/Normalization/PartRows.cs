namespace Trainer.Kernels.Devices.Cpu.Normalization;

/// <summary>From the rows of a fold to a root's part of a group that other roots share.</summary>
internal static unsafe class PartRows
{
    /// <summary>Copies a run of channels, both values of each.</summary>
    /// <param name="rows">At the run's first channel.</param>
    /// <param name="values">Of all channels.</param>
    public static void Copy(float* rows, int channels, int first, int count, Span<float> values)
    {
        new ReadOnlySpan<float>(rows, count).CopyTo(values[first..]);
        new ReadOnlySpan<float>(rows + channels, count).CopyTo(values[(channels + first)..]);
    }
}
