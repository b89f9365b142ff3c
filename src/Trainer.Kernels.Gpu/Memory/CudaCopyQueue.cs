using System.Runtime.InteropServices;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Trainer.Kernels.Gpu.Memory;

/// <summary>
/// Large downloads run on a stream of their own beside what the device computes next: each waits, on the device, for what was launched before it.
/// Uploads and small downloads stay on the stream that computes.
/// </summary>
internal sealed unsafe partial class CudaCopyQueue : ICopyQueue
{
    /// <summary>Elements from which a download leaves the computing stream.</summary>
    private const long LargeElements = 1 << 15;
    private const int RingSize = 256;

    private readonly CudaStream _compute;
    private readonly CudaStream _copies;
    private readonly nint _launched;
    private readonly nint[] _marks = new nint[RingSize];
    private long _made;

    public CudaCopyQueue(CudaAccelerator accelerator, CudaStream compute)
    {
        _compute = compute;
        _copies = (CudaStream)accelerator.CreateStream();
        _launched = NewEvent();
        for (var i = 0; i < RingSize; i++)
        {
            _marks[i] = NewEvent();
        }
    }

    private static CudaAPI Api => CudaAPI.CurrentAPI;

    public void ToDevice(GpuMemory memory, long offset, long elements) =>
        memory.View.SubView(offset, elements).CopyFromCPUUnsafeAsync(_compute, ref *(memory.HostPointer + offset), elements);

    public void ToHost(GpuMemory memory, long offset, long elements)
    {
        var stream = _compute;
        if (elements >= LargeElements)
        {
            FollowCompute();
            stream = _copies;
        }

        memory.View.SubView(offset, elements).CopyToCPUUnsafeAsync(stream, ref *(memory.HostPointer + offset), elements);
    }

    public long Mark()
    {
        FollowCompute();
        CudaException.ThrowIfFailed(Api.RecordEvent(_marks[++_made % RingSize], _copies.StreamPtr));
        return _made;
    }

    public bool IsReached(long mark)
    {
        var status = Api.QueryEvent(EventOf(mark));
        if (status == CudaError.CUDA_ERROR_NOT_READY)
        {
            return false;
        }

        CudaException.ThrowIfFailed(status);
        return true;
    }

    public void Wait(long mark) => CudaException.ThrowIfFailed(Api.SynchronizeEvent(EventOf(mark)));

    public void Synchronize() => _copies.Synchronize();

    public void Dispose()
    {
        _copies.Dispose();
        foreach (var mark in _marks)
        {
            Api.DestroyEvent(mark);
        }

        Api.DestroyEvent(_launched);
    }

    private static nint NewEvent()
    {
        CudaException.ThrowIfFailed(Api.CreateEvent(out var created, CudaEventFlags.CU_EVENT_DISABLE_TIMING));
        return created;
    }

    [LibraryImport("libcuda.so.1", EntryPoint = "cuStreamWaitEvent")]
    private static partial CudaError StreamWaitEvent(nint stream, nint waitedFor, uint flags);

    /// <summary>What is asked of the copying stream next begins when all that was launched so far has run.</summary>
    private void FollowCompute()
    {
        CudaException.ThrowIfFailed(Api.RecordEvent(_launched, _compute.StreamPtr));
        CudaException.ThrowIfFailed(StreamWaitEvent(_copies.StreamPtr, _launched, 0));
    }

    private nint EventOf(long mark) => _marks[MarkRing.Slot(mark, _made, RingSize)];
}
