using System.Formats.Tar;
using System.IO.Compression;
using Trainer.Kernels.Data;

namespace Trainer.Cli.Data;

/// <summary>A compressed tar archive, out of which some files are wanted.</summary>
internal static class Archive
{
    public const string Ending = ".tar.gz";

    /// <summary>Unpacks the files of these names, in whatever folder of the archive they are, into one.</summary>
    /// <exception cref="DataFileException">It has not all of them, or is no such archive.</exception>
    public static async Task UnpackAsync(string archive, IReadOnlyList<string> names, string folder, CancellationToken stop)
    {
        var missing = names.ToHashSet(StringComparer.Ordinal);
        try
        {
            await using var file = File.OpenRead(archive);
            await using var content = new GZipStream(file, CompressionMode.Decompress);
            await using var reader = new TarReader(content);
            while (missing.Count > 0 && await reader.GetNextEntryAsync(cancellationToken: stop) is { } entry)
            {
                var name = entry.Name[(entry.Name.LastIndexOf('/') + 1)..];
                if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile && missing.Remove(name))
                {
                    await entry.ExtractToFileAsync(Path.Combine(folder, name), overwrite: false, stop);
                }
            }
        }
        catch (InvalidDataException wrong)
        {
            throw new DataFileException(archive, $"is no compressed tar archive: {wrong.Message}", wrong);
        }

        if (missing.Count > 0)
        {
            throw new DataFileException(archive, $"lacks {string.Join(", ", missing.Order(StringComparer.Ordinal))}");
        }
    }
}
