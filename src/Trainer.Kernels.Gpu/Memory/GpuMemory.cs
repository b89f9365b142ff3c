using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using Trainer.Kernels.Devices;

namespace Trainer.Kernels.Gpu.Memory;

/// <summary>Float32 elements on the device, and their page-locked mirror on the host once somebody asks for it.</summary>
internal sealed unsafe class GpuMemory : DeviceMemory
{
    private readonly Accelerator _accelerator;
    private readonly Action<GpuMemory> _disposed;
    private readonly MemoryBuffer1D<float, Stride1D.Dense> _buffer;
    private float* _host;
    private PageLockScope<float>? _pageLock;

    /// <exception cref="OutOfMemoryException">The device has no room.</exception>
    public GpuMemory(Accelerator accelerator, long elements, Action<GpuMemory> disposed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elements);
        (_accelerator, Elements, _disposed) = (accelerator, elements, disposed);
        _buffer = accelerator.Allocate1D<float>(Math.Max(1, elements));
    }

    public override long Elements { get; }

    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    public override Span<float> Host => new(HostPointer, checked((int)Elements));

    /// <summary>Address of the mirror.</summary>
    public float* HostPointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_buffer.IsDisposed, this);
            if (_host == null)
            {
                var bytes = checked((nuint)(Math.Max(1, Elements) * sizeof(float)));
                _host = (float*)NativeMemory.AlignedAlloc(bytes, 4096);
                NativeMemory.Clear(_host, bytes);
                _accelerator.Bind();
                _pageLock = _accelerator.CreatePageLockFromPinned<float>((nint)_host, Math.Max(1, Elements));
            }

            return _host;
        }
    }

    public ArrayView<float> View => _buffer.IsDisposed ? throw new ObjectDisposedException(nameof(GpuMemory)) : _buffer.View.BaseView;

    public override void Dispose()
    {
        if (_buffer.IsDisposed)
        {
            return;
        }

        _accelerator.Synchronize();
        _buffer.Dispose();
        _pageLock?.Dispose();
        NativeMemory.AlignedFree(_host);
        _host = null;
        _disposed(this);
    }
}
