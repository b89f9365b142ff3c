using ILGPU;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;

namespace Trainer.Kernels.Gpu.Normalization;

/// <summary>A thread for each element of samples (channels, pixels); a group's threads are of one sample.</summary>
internal readonly struct ChannelCells
{
    private readonly int _elements;
    private readonly FastDivisor _pixels;
    private readonly FastDivisor _groupsPerSample;

    public ChannelCells(int channels, int pixels)
    {
        _elements = checked(channels * pixels);
        _pixels = new FastDivisor(pixels);
        _groupsPerSample = new FastDivisor(((_elements - 1) / ThreadGroup.Size) + 1);
    }

    /// <summary>Groups of threads to launch.</summary>
    public long GroupsOf(int samples) => (long)samples * _groupsPerSample.Divisor;

    /// <summary>The sample of the group that runs.</summary>
    public int Sample => _groupsPerSample.Quotient(Grid.IdxX);

    /// <summary>The element of the thread that runs.</summary>
    public int ElementOf(int sample) => ((Grid.IdxX - (sample * _groupsPerSample.Divisor)) * ThreadGroup.Size) + Group.IdxX;

    /// <summary>Whether the sample has so many elements.</summary>
    public bool Has(int element) => element < _elements;

    public int ChannelOf(int element) => _pixels.Quotient(element);
}
