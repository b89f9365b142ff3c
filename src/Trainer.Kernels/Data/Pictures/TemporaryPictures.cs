using Microsoft.Win32.SafeHandles;

namespace Trainer.Kernels.Data.Pictures;

/// <summary>Files of pictures in one temporary file without a name, so that it goes with the process; read where they lie.</summary>
internal sealed class TemporaryPictures
{
    private readonly SafeFileHandle _file;
    private readonly long[] _ends;
    private readonly ThreadLocal<byte[]> _bytes = new(() => []);

    private TemporaryPictures(SafeFileHandle file, long[] ends) => (_file, _ends) = (file, ends);

    /// <summary>Copies the pictures of tables; those of one row group are in memory at a time.</summary>
    /// <param name="count">Of all.</param>
    /// <exception cref="DataFileException">One cannot be read.</exception>
    /// <exception cref="IOException">There is no room in the folder for temporary files.</exception>
    public static TemporaryPictures Of(IReadOnlyList<ParquetTable> tables, int count)
    {
        var path = Path.Combine(Path.GetTempPath(), $"trainer-{Guid.NewGuid():N}");
        var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            File.Delete(path);
            var (ends, sample, end) = (new long[count], 0, 0L);
            foreach (var table in tables)
            {
                table.ReadPictures(picture =>
                {
                    RandomAccess.Write(file, picture, end);
                    end += picture.Length;
                    ends[sample++] = end;
                });
            }

            return new TemporaryPictures(file, ends);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Holds until the thread asks for the next one.</summary>
    public ReadOnlySpan<byte> At(int index)
    {
        var first = index == 0 ? 0 : _ends[index - 1];
        var length = (int)(_ends[index] - first);
        if (_bytes.Value!.Length < length)
        {
            _bytes.Value = new byte[length];
        }

        var bytes = _bytes.Value.AsSpan(0, length);
        for (int read = 0, more; read < length; read += more)
        {
            more = RandomAccess.Read(_file, bytes[read..], first + read);
            if (more == 0)
            {
                throw new IOException("A temporary file of pictures ends too early.");
            }
        }

        return bytes;
    }
}
