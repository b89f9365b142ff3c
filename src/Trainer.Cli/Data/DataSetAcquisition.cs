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
        .. set.DebianPackage is { } package ? (IDataSource[])[new DebianPackageSource(package, set.DebianFolder!, NamesOf(set))] : [],
    ];

    public static IDataSource Mirror(KnownDataSet set, Uri address) => new HttpSource(address, NamesOf(set));

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
        var files = string.Join(", ", NamesOf(set).Select(name => $"{name}.gz"));
        throw new CliException(
            $"{set.Title} could not be fetched.{Environment.NewLine}{string.Join(Environment.NewLine, failures)}",
            remedy: $"Put {files} into a folder and set TRAINER_DATA to it, or give an address that has them with --from.");
    }

    private static string[] NamesOf(KnownDataSet set) => [.. set.Files.Select(file => file.Name)];

    private async Task FetchAsync(IDataSource source, CancellationToken stop)
    {
        // Inside the folder, so that moving is renaming.
        var staging = Directory.CreateDirectory(Path.Combine(folder, $".fetching-{Guid.NewGuid():n}")).FullName;
        try
        {
            await source.FetchAsync(staging, tell, stop);
            foreach (var (name, expected) in set.Files)
            {
                await CheckAsync(Path.Combine(staging, $"{name}.gz"), source.Name, expected, stop);
            }

            foreach (var name in NamesOf(set))
            {
                File.Move(Path.Combine(staging, $"{name}.gz"), Path.Combine(folder, $"{name}.gz"), overwrite: true);
            }
        }
        finally
        {
            Directory.Delete(staging, recursive: true);
        }
    }

    /// <summary>The sum is of the decompressed content: the compressed files of different sources differ.</summary>
    private static async Task CheckAsync(string file, string source, string expected, CancellationToken stop)
    {
        string found;
        try
        {
            await using var compressed = File.OpenRead(file);
            await using var content = new GZipStream(compressed, CompressionMode.Decompress);
            found = Convert.ToHexStringLower(await SHA256.HashDataAsync(content, stop));
        }
        catch (InvalidDataException wrong)
        {
            throw new DataFileException(Path.GetFileName(file), $"expected gzip, found something else at {source}", wrong);
        }
        if (found != expected)
        {
            throw new DataFileException(Path.GetFileName(file), $"expected SHA-256 {expected} of the decompressed content, found {found} at {source}");
        }
    }
}
