using System.Runtime.InteropServices;

namespace Trainer.Kernels.Devices;

/// <summary>A block of device memory of float32 elements, aligned to 64 bytes. Freed with its device or by disposing.</summary>
public abstract class DeviceMemory : IDisposable
{
    public abstract long Elements { get; }

    /// <summary>Host view of a CPU device's memory, or of the page-locked mirror of a GPU's. Valid until disposed.</summary>
    public abstract Span<float> Host { get; }

    public abstract void Dispose();
}

/// <summary>A moment in the order of a device's calls (<see cref="Device.Mark"/>).</summary>
public readonly record struct DeviceMark(long Number);

/// <summary>A run of elements in device memory: what operations take. Shapes travel beside it, in the operation's own words.</summary>
/// <param name="Elements">From the first element to the last, what lies between samples included.</param>
/// <param name="SampleStride">
/// Of activations and their gradients: elements from a sample to the next where the tensor is a run of channels of a larger one, else 0:
/// samples follow one another. The elements of one sample are always neighbours.
/// </param>
public readonly record struct Tensor(DeviceMemory Memory, long Offset, long Elements, long SampleStride = 0)
{
    public bool IsEmpty => Memory is null;

    public Span<float> Host => Memory.Host.Slice(checked((int)Offset), checked((int)Elements));

    /// <summary>The host view of a tensor that holds integers of 32 bits.</summary>
    public Span<int> HostInts => MemoryMarshal.Cast<float, int>(Host);

    public Tensor Slice(long offset, long elements) => new(Memory, Offset + offset, elements);

    /// <summary>Elements from a sample to the next, for samples of <paramref name="elements"/>.</summary>
    public long StrideOf(long elements) => SampleStride == 0 ? elements : SampleStride;
}
