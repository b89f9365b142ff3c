using System.IO.Compression;
using System.Security.Cryptography;
using Trainer.Cli.Errors;
using Trainer.Kernels.Data;

namespace Trainer.Cli.Data;

/// <summary>Gets a data set from the first source that has it. Files get into the folder checked and all together, or not at all.</summary>
internal sealed class DataSetAcquisition(KnownDataSet set, string folder, IReadOnlyList<IDataSource> sources, Action<string> tell)
{
    /// <summary>Where everybody can get it, in the order of trying.</summary>
    public static IReadOnlyList<IDataSource> PublicSources(KnownDataSet set) =>
    [
        .. set.Addresses.Select(address => Mirror(set, address)),
        .. set.DebianPackage is { } package ? (IDataSource[])[new DebianPackageSource(package, set.DebianFolder!, [.. set.Files.Select(file => file.Name)])] : [],
    ];

    public static IDataSource Mirror(KnownDataSet set, Uri address) => new HttpSource(address, DownloadsOf(set));

    /// <exception cref="DataFileException">A source gave a file with a wrong sum.</exception>
    /// <exception cref="CliException">No source could be reached: with every source's reason.</exception>
    public async Task FetchAsync(CancellationToken stop)
    {
        var failures = new List<string>();
        foreach (var source in sources)
        {
            tell($"Fetching {set.Title} from {source.Name}");
            try
            {
                await FetchAsync(source, stop);
                return;
            }
            catch (SourceFailedException failed)
            {
                failures.Add($"  {source.Name}: {failed.Message}");
                tell($"  not to be had there: {failed.Message}");
            }
        }
        var files = string.Join(", ", DownloadsOf(set));
        throw new CliException(
            $"{set.Title} could not be fetched.{Environment.NewLine}{string.Join(Environment.NewLine, failures)}",
            remedy: $"Put {files} into a folder and set TRAINER_DATA to it, or give an address that has them with --from.");
    }

    private static string[] DownloadsOf(KnownDataSet set) => [.. set.Downloads.Select(download => download.Name)];

    private async Task FetchAsync(IDataSource source, CancellationToken stop)
    {
        // Inside the folder, so that moving is renaming.
        var staging = Directory.CreateDirectory(Path.Combine(folder, $".fetching-{Guid.NewGuid():n}")).FullName;
        try
        {
            await source.FetchAsync(staging, tell, stop);
            foreach (var download in set.Downloads)
            {
                var file = Path.Combine(staging, download.Name);
                await CheckAsync(file, source.Name, download, stop);
                if (download.Name.EndsWith(Archive.Ending, StringComparison.Ordinal))
                {
                    await Archive.UnpackAsync(file, [.. set.Files.Select(wanted => wanted.Name)], staging, stop);
                }
            }

            foreach (var name in set.Files.Select(wanted => wanted.Name))
            {
                var fetched = set.Downloads.Any(download => download.Name == $"{name}.gz") ? $"{name}.gz" : name;
                File.Move(Path.Combine(staging, fetched), Path.Combine(folder, fetched), overwrite: true);
            }
        }
        finally
        {
            Directory.Delete(staging, recursive: true);
        }
    }

    private static async Task CheckAsync(string file, string source, KnownDownload expected, CancellationToken stop)
    {
        var (found, what) = expected.Kind switch
        {
            SumKind.ContentSha256 => (await ContentSumAsync(file, source, stop), "SHA-256"),
            SumKind.Sha256 => (await SumAsync(file, HashAlgorithmName.SHA256, stop), "SHA-256"),
            _ => (await SumAsync(file, HashAlgorithmName.MD5, stop), "MD5"),
        };
        if (found != expected.Sum)
        {
            var part = expected.Kind == SumKind.ContentSha256 ? " of the decompressed content" : "";
            throw new DataFileException(Path.GetFileName(file), $"expected {what} {expected.Sum}{part}, found {found} at {source}");
        }
    }

    private static async Task<string> ContentSumAsync(string file, string source, CancellationToken stop)
    {
        try
        {
            await using var compressed = File.OpenRead(file);
            await using var content = new GZipStream(compressed, CompressionMode.Decompress);
            return Convert.ToHexStringLower(await SHA256.HashDataAsync(content, stop));
        }
        catch (InvalidDataException wrong)
        {
            throw new DataFileException(Path.GetFileName(file), $"expected gzip, found something else at {source}", wrong);
        }
    }

    private static async Task<string> SumAsync(string file, HashAlgorithmName algorithm, CancellationToken stop)
    {
        using var sum = IncrementalHash.CreateHash(algorithm);
        await using var content = File.OpenRead(file);
        var buffer = new byte[1 << 16];
        for (int read; (read = await content.ReadAsync(buffer, stop)) > 0;)
        {
            sum.AppendData(buffer, 0, read);
        }

        return Convert.ToHexStringLower(sum.GetHashAndReset());
    }
}
