using System.Runtime.InteropServices;

namespace Trainer.Kernels.Devices.Cpu.Memory;

/// <summary>Asks Linux for pages of 2 MiB, which it gives where it is allowed to: passes over large buffers wait for page tables no more.</summary>
/// <remarks>An update reads and writes five to seven streams; on pages of 4 KiB each of them needs a walk through the tables every 1,024 elements, and takes up to twice as long.</remarks>
public static unsafe partial class HugePages
{
    private const int Bytes = 2 << 20;

    private const int MadviseHugePage = 14;

    /// <summary>Memory of <paramref name="bytes"/> that nobody has touched yet, to be freed by <see cref="NativeMemory.AlignedFree"/>.</summary>
    /// <param name="alignment">The least that will do.</param>
    public static void* Allocate(nuint bytes, nuint alignment)
    {
        if (bytes < 2 * Bytes || !OperatingSystem.IsLinux())
        {
            return NativeMemory.AlignedAlloc(bytes, alignment);
        }

        var memory = NativeMemory.AlignedAlloc(bytes, Bytes);

        // Only a wish: where it is not heard, the memory is as good as any.
        _ = Advise(memory, bytes, MadviseHugePage);
        return memory;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* start, nuint length, int advice);
}
