using System.Globalization;

namespace Trainer.Kernels.Data;

/// <summary>
/// The elements of a compressed file whose sum is known, in the user's cache: workers of a machine and jobs after each other read it instead of decompressing again. Whoever reads it checks
/// the sum. Nothing depends on it: where it cannot be written or read, the file itself is read.
/// </summary>
internal static class PlainCopy
{
    /// <summary>Of the folder of the cache.</summary>
    private const string Folder = "plain";

    /// <summary>The copy's bytes.</summary>
    /// <param name="path">The compressed file.</param>
    /// <param name="sha256">Of what it decompresses to; whoever reads compares it.</param>
    /// <param name="length">That the copy has.</param>
    /// <returns>Null: there is no copy of that length.</returns>
    public static byte[]? Read(string path, string sha256, long length)
    {
        try
        {
            using var stream = new FileStream(PlaceOf(path, sha256), FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            if (stream.Length != length)
            {
                return null;
            }

            var content = GC.AllocateUninitializedArray<byte>((int)length);
            stream.ReadExactly(content);
            return content;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes the copy; whole or not at all, but not for a crash of the machine, after which the sum tells.</summary>
    public static void Write(string path, string sha256, ReadOnlySpan<byte> content)
    {
        string? temporary = null;
        try
        {
            var place = PlaceOf(path, sha256);
            Directory.CreateDirectory(Path.GetDirectoryName(place)!);
            temporary = $"{place}.{Guid.NewGuid():N}.tmp";
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                stream.Write(content);
            }

            File.Move(temporary, place, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Delete(temporary);
        }
    }

    /// <summary>Named by the sum and by what tells one state of the file from another: a file that has changed is read, and found to be wrong.</summary>
    internal static string PlaceOf(string path, string sha256)
    {
        var file = new FileInfo(path);
        return Path.Combine(
            KnownDataSet.CacheFolderOf(Folder), string.Create(CultureInfo.InvariantCulture, $"{sha256}-{file.Length:x}-{file.LastWriteTimeUtc.Ticks:x}"));
    }

    private static void Delete(string? temporary)
    {
        try
        {
            File.Delete(temporary ?? "");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Somebody who cleans the cache finds it.
        }
    }
}
