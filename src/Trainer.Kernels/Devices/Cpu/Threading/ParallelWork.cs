namespace Trainer.Kernels.Devices.Cpu.Threading;

/// <summary>Work cut into pieces that may run on any thread in any order. An instance is reused call after call, so nothing is allocated.</summary>
internal abstract class ParallelWork
{
    /// <param name="piece">0 .. pieces - 1, each run once.</param>
    /// <param name="thread">0 .. threads - 1; at any time one piece runs under a number, so it may index scratch memory.</param>
    public abstract void Run(int piece, int thread);
}
