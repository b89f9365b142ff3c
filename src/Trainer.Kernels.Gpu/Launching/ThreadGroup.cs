namespace Trainer.Kernels.Gpu.Launching;

/// <summary>How many threads a group has. Work is split by shapes alone, never by what the device has.</summary>
internal static class ThreadGroup
{
    /// <summary>Of kernels that say nothing else.</summary>
    public const int Size = 256;

    /// <summary>Threads of a group that has one sample of neighbouring channels or classes: a power of two.</summary>
    public static int OfRow(int channels) => channels <= 64 ? 32 : Size;
}
