using ILGPU;
using ILGPU.Runtime;

namespace Trainer.Kernels.Gpu.Memory;

/// <summary>
/// A small table or result on its way between host and device, with a page-locked mirror; it grows to what the largest call needs. Whoever uses it waits for
/// the device before it returns, so that the mirror is free for the next.
/// </summary>
internal sealed unsafe class GpuExchange(Accelerator accelerator, ICopyQueue copies) : IDisposable
{
    private const int LeastElements = 1024;

    private GpuMemory? _memory;

    /// <summary>Uninitialised room on the device for some values.</summary>
    public ArrayView<T> Take<T>(int count)
        where T : unmanaged
    {
        var elements = ElementsOf<T>(count);
        if (_memory is null || _memory.Elements < elements)
        {
            _memory?.Dispose();
            _memory = new GpuMemory(accelerator, Math.Max(LeastElements, elements), _ => { });
        }

        return _memory.View.SubView(0, elements).Cast<T>().SubView(0, count);
    }

    public ArrayView<T> Upload<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        var view = Take<T>(values.Length);
        values.CopyTo(new Span<T>(_memory!.HostPointer, values.Length));
        copies.ToDevice(_memory, 0, ElementsOf<T>(values.Length));
        return view;
    }

    /// <summary>Begins to copy what was taken to the mirror, which can be read once the device has been waited for.</summary>
    public ReadOnlySpan<T> Download<T>(int count)
        where T : unmanaged
    {
        copies.ToHost(_memory!, 0, ElementsOf<T>(count));
        return new ReadOnlySpan<T>(_memory!.HostPointer, count);
    }

    public void Dispose() => _memory?.Dispose();

    /// <summary>In whole values of any size.</summary>
    private static long ElementsOf<T>(int count)
        where T : unmanaged => (((long)count * sizeof(T)) + sizeof(float) - 1) / sizeof(float);
}
