using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Trainer.Kernels.Gpu.Memory;

/// <summary>Copies between device memory and its mirror, and marks in the order of a device's calls.</summary>
internal interface ICopyQueue : IDisposable
{
    void ToDevice(GpuMemory memory, long offset, long elements);

    void ToHost(GpuMemory memory, long offset, long elements);

    long Mark();

    bool IsReached(long mark);

    void Wait(long mark);

    void Synchronize();
}

internal static class CopyQueue
{
    public static ICopyQueue Create(Accelerator accelerator, AcceleratorStream compute) =>
        compute is CudaStream stream ? new CudaCopyQueue((CudaAccelerator)accelerator, stream) : new InOrderCopyQueue(compute);
}

/// <summary>Copies on the stream that computes: all there is without events. A mark is reached once the stream was waited for.</summary>
internal sealed unsafe class InOrderCopyQueue(AcceleratorStream stream) : ICopyQueue
{
    private long _made;
    private long _reached;

    public void ToDevice(GpuMemory memory, long offset, long elements) =>
        memory.View.SubView(offset, elements).CopyFromCPUUnsafeAsync(stream, ref *(memory.HostPointer + offset), elements);

    public void ToHost(GpuMemory memory, long offset, long elements) =>
        memory.View.SubView(offset, elements).CopyToCPUUnsafeAsync(stream, ref *(memory.HostPointer + offset), elements);

    public long Mark() => ++_made;

    public bool IsReached(long mark) => mark <= _reached;

    public void Wait(long mark)
    {
        if (!IsReached(mark))
        {
            Synchronize();
        }
    }

    public void Synchronize()
    {
        stream.Synchronize();
        _reached = _made;
    }

    public void Dispose()
    {
    }
}
