namespace Trainer.Kernels.Devices.Cpu.Reduction;

/// <summary>One chain of a sum over samples, ready for a micro-kernel.</summary>
internal unsafe struct GradientChain
{
    public int FirstPixel;
    public int Pixels;

    /// <summary>How many times, after it, the two newest sums are added into one: a later chain of a piece is added at once, then come the trees.</summary>
    public int Folds;

    /// <summary>Where the left operand is read in place: its runs of pixels.</summary>
    public PixelRun* Runs;
    public int RunCount;

    /// <summary>Otherwise its packed panels.</summary>
    public float* Left;

    /// <summary>The right operand's packed panels, of all columns.</summary>
    public float* Right;
}
