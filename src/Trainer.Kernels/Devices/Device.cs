namespace Trainer.Kernels.Devices;

/// <summary>Where a network's tensors live and its operations run: some threads of this machine's CPU, or (later) a GPU.</summary>
/// <remarks>A device serves one network step at a time; its threads are its own, never the .NET thread pool's.</remarks>
public abstract class Device : IDisposable
{
    /// <summary>As a user names it: <c>cpu</c>.</summary>
    public abstract string Name { get; }

    /// <summary>What runs behind it, for people: <c>AMD EPYC, AVX-512, 2 threads</c>.</summary>
    public abstract string Description { get; }

    public abstract int Threads { get; }

    /// <summary>The version of the canonical arithmetic that this device computes in. Equal ids give equal bits.</summary>
    public abstract string NumericsId { get; }

    /// <param name="threads">Compute threads; 0 takes one for each processor this process may use.</param>
    public static Device Cpu(int threads = 0) => throw new NotImplementedException();

    public abstract void Dispose();
}
