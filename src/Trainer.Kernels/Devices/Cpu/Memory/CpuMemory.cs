using System.Runtime.InteropServices;

namespace Trainer.Kernels.Devices.Cpu.Memory;

/// <summary>Float32 elements in native memory. Kernels may read, never use, a vector beyond the end: that much is always there.</summary>
internal sealed unsafe class CpuMemory : DeviceMemory
{
    /// <summary>Elements allocated beyond the last one.</summary>
    public const int Slack = 32;

    private readonly Action<CpuMemory>? _disposed;
    private float* _pointer;

    /// <param name="disposed">Told once when the memory is given back.</param>
    public CpuMemory(long elements, Action<CpuMemory>? disposed = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elements);
        var bytes = checked((nuint)((elements + Slack) * sizeof(float)));
        _pointer = (float*)HugePages.Allocate(bytes, NativeBuffer.Alignment);
        NativeMemory.Clear(_pointer, bytes);
        (Elements, _disposed) = (elements, disposed);
    }

    public override long Elements { get; }

    public override Span<float> Host => new(Pointer, checked((int)Elements));

    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    public float* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_pointer is null, this);
            return _pointer;
        }
    }

    public override void Dispose()
    {
        if (_pointer is not null)
        {
            NativeMemory.AlignedFree(_pointer);
            _pointer = null;
            _disposed?.Invoke(this);
        }
    }
}
