namespace Trainer.Kernels.Gpu.Launching;

/// <summary>Threads of a group, of kernels that say nothing else. Work is split by shapes alone, never by what the device has.</summary>
internal static class ThreadGroup
{
    public const int Size = 256;
}
