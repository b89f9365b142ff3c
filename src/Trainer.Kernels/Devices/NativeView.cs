using System.Buffers;
using System.Runtime.CompilerServices;

namespace Trainer.Kernels.Devices;

/// <summary>A network's host memory as <see cref="Memory{T}"/>, for those who send it later. Valid while the network is.</summary>
public sealed unsafe class NativeView : MemoryManager<float>
{
    private readonly float* _start;
    private readonly int _length;

    /// <param name="memory">Native memory; its address stays.</param>
    public NativeView(ReadOnlySpan<float> memory)
    {
        _start = (float*)Unsafe.AsPointer(ref Unsafe.AsRef(in memory.GetPinnableReference()));
        _length = memory.Length;
    }

    public override Span<float> GetSpan() => new(_start, _length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }
}
