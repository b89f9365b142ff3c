namespace Trainer.Kernels.Canonical;

/// <summary>
/// Backward-data along one axis for the pixels h = First, First + stride, ... whose gradient comes from the same taps r = FirstTap, FirstTap + TapStep, ...:
/// those with r x dilation = h + pad modulo the stride. Pixel i and tap j meet at the output pixel Base + i - j x Step.
/// </summary>
/// <param name="Pixels">How many there are; 0 where the image is smaller than the stride.</param>
/// <param name="Taps">0 where the stride jumps over these pixels: their gradient is +0.</param>
internal readonly record struct StridePhase(int First, int Pixels, int FirstTap, int TapStep, int Taps, int Base, int Step)
{
    /// <summary>Output pixels from the last tap's to the first tap's.</summary>
    public int Reach => (Math.Max(Taps, 1) - 1) * Step;

    /// <param name="phase">0 to stride - 1: of h.</param>
    public static StridePhase Of(int phase, int size, int filter, int stride, int pad, int dilation)
    {
        var pixels = (size - phase + stride - 1) / stride;
        var (tapStep, first) = (1, 0);
        while (tapStep * dilation % stride != 0)
        {
            tapStep++;
        }

        while (first < tapStep && (phase + pad - (first * dilation)) % stride != 0)
        {
            first++;
        }

        return first >= Math.Min(tapStep, filter)
            ? new StridePhase(phase, Math.Max(pixels, 0), 0, 1, 0, 0, 0)
            : new StridePhase(
                phase,
                Math.Max(pixels, 0),
                first,
                tapStep,
                1 + ((filter - 1 - first) / tapStep),
                (phase + pad - (first * dilation)) / stride,
                tapStep * dilation / stride);
    }
}
