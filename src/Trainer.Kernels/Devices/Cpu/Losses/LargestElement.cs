namespace Trainer.Kernels.Devices.Cpu.Losses;

/// <summary>Which output is a sample's answer.</summary>
internal static unsafe class LargestElement
{
    /// <summary>The first of the largest.</summary>
    public static long First(float* values, long elements)
    {
        var first = 0L;
        for (var i = 1L; i < elements; i++)
        {
            first = values[i] > values[first] ? i : first;
        }

        return first;
    }
}
