using System.Security.Cryptography;
using Trainer.Kernels.Data.Packs;

namespace Trainer.Cli.Data;

/// <summary>A pack in a file.</summary>
/// <param name="File">Its path.</param>
/// <param name="Sha256">Of its bytes.</param>
internal sealed record PackPlace(string File, long Bytes, string Sha256, PackFacts Facts)
{
    /// <summary>Whether a file ends as a pack does.</summary>
    public static bool IsPack(string path)
    {
        if (!System.IO.File.Exists(path))
        {
            return false;
        }

        using var file = System.IO.File.OpenRead(path);
        var end = new byte[DataPack.FooterBytes];
        if (file.Length < end.Length)
        {
            return false;
        }

        file.Position = file.Length - end.Length;
        file.ReadExactly(end);
        return DataPack.TailBytes(end) is not null;
    }

    /// <summary>A pack that is there.</summary>
    /// <exception cref="Kernels.Data.DataFileException">It is damaged.</exception>
    public static PackPlace Of(string path)
    {
        var facts = DataPack.Describe(path);
        using var file = System.IO.File.OpenRead(path);
        return new PackPlace(path, file.Length, Convert.ToHexStringLower(SHA256.HashData(file)), facts);
    }

    /// <summary>Packs a data set into a file that is not there yet: it appears whole, or not at all.</summary>
    /// <exception cref="Kernels.Data.DataFileException">A sample cannot be read.</exception>
    public static PackPlace Write(string source, string path, CancellationToken stop)
    {
        var (train, test) = DataPlace.Open(source);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var draft = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var file = new FileStream(draft, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20))
            {
                DataPack.Write(train, test, file, stop);
                file.Flush(flushToDisk: true);
            }

            System.IO.File.Move(draft, path, overwrite: true);
        }
        finally
        {
            System.IO.File.Delete(draft);
        }

        return Of(path);
    }
}
