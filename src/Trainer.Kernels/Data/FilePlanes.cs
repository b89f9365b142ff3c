using Microsoft.Win32.SafeHandles;

namespace Trainer.Kernels.Data;

/// <summary>Planes that stay in their file, where each is read when it is wanted: of files too large for memory.</summary>
/// <remarks>By pread, since a mapped file that somebody cuts short ends the process.</remarks>
internal sealed class FilePlanes(string path, long offset, int stride) : IPlanes
{
    private SafeFileHandle? _file;

    public bool AreInMemory => false;

    public void Load() => _file = FileSystem.OpenRegular(path).SafeFileHandle;

    public ReadOnlySpan<byte> Of(int index, Span<byte> scratch)
    {
        var (at, read) = (offset + ((long)index * stride), 0);
        while (read < stride)
        {
            var got = RandomAccess.Read(_file!, scratch[read..stride], at + read);
            if (got == 0)
            {
                throw new DataFileException(path, $"ends at offset {at + read}; expected image {index} to end at {at + stride}");
            }

            read += got;
        }

        return scratch[..stride];
    }
}
