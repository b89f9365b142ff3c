namespace Trainer.Kernels.Devices;

/// <summary>A block of device memory of float32 elements, aligned to 64 bytes. Freed with its device or by disposing.</summary>
public abstract class DeviceMemory : IDisposable
{
    public abstract long Elements { get; }

    /// <summary>Host view of a CPU device's memory, or of the page-locked mirror of a GPU's. Valid until disposed.</summary>
    public abstract Span<float> Host { get; }

    public abstract void Dispose();
}

/// <summary>A run of elements in device memory: what operations take. Shapes travel beside it, in the operation's own words.</summary>
public readonly record struct Tensor(DeviceMemory Memory, long Offset, long Elements)
{
    public bool IsEmpty => Memory is null;

    public Span<float> Host => Memory.Host.Slice(checked((int)Offset), checked((int)Elements));

    public Tensor Slice(long offset, long elements) => new(Memory, Offset + offset, elements);
}
