using ILGPU;
using ILGPU.Runtime;

namespace Trainer.Kernels.Gpu.Memory;

/// <summary>Memory that an operation's kernels hand to one another. Operations run in order and reuse it; it grows to what the largest needs.</summary>
internal sealed class GpuScratch(Accelerator accelerator) : IDisposable
{
    private MemoryBuffer1D<float, Stride1D.Dense>? _buffer;

    /// <summary>
    /// The most elements that an operation asks for (256 MiB): one that would need more goes over its work in parts, which are cut by shapes alone.
    /// </summary>
    public const long Limit = 64L << 20;

    /// <summary>Uninitialised memory, aligned to 16 bytes, until the next call.</summary>
    public ArrayView<float> Take(long elements)
    {
        if (_buffer is null || _buffer.Length < elements)
        {
            accelerator.Synchronize();
            _buffer?.Dispose();
            _buffer = accelerator.Allocate1D<float>(Math.Max(elements, 1 << 16));
        }

        return _buffer.View.BaseView.SubView(0, elements);
    }

    public void Dispose() => _buffer?.Dispose();
}
