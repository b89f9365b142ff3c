using System.Runtime.InteropServices;

namespace Trainer.Kernels.Devices.Cpu.Memory;

/// <summary>Scratch memory outside the managed heap, aligned to 64 bytes, that only grows: warm code asks and gets no new memory.</summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    public const int Alignment = 64;

    private byte* _memory;
    private long _bytes;

    /// <summary>Room for <paramref name="count"/> elements. What the buffer held is lost when it grows.</summary>
    public T* Ensure<T>(long count)
        where T : unmanaged
    {
        var bytes = checked(count * sizeof(T));
        if (bytes > _bytes)
        {
            Free();
            _memory = (byte*)HugePages.Allocate(checked((nuint)bytes), Alignment);
            _bytes = bytes;
        }

        return (T*)_memory;
    }

    public void Dispose()
    {
        Free();
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
        _bytes = 0;
    }
}
