using System.IO.Compression;
using System.Security.Cryptography;
using Trainer.Cli.Errors;
using Trainer.Kernels.Data;

namespace Trainer.Cli.Data;

/// <summary>Gets Fashion-MNIST from the first source that has it. Files get into the folder checked and all together, or not at all.</summary>
internal sealed class FashionMnistAcquisition(string folder, IReadOnlyList<IDataSource> sources, Action<string> tell)
{
    private static readonly Uri PublicAddress = new("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/");

    private static string[] Names { get; } = [.. FashionMnist.Files.Select(file => file.Name)];

    /// <summary>Where everybody can get it, in the order of trying.</summary>
    public static IReadOnlyList<IDataSource> PublicSources { get; } =
    [
        new HttpSource(PublicAddress, Names),
        new DebianPackageSource("dataset-fashion-mnist", "/usr/share/datasets/fashion-mnist", Names),
    ];

    public static IDataSource Mirror(Uri address) => new HttpSource(address, Names);

    /// <summary>Whether the folder has all four files; their contents are checked when they are loaded.</summary>
    public static bool IsIn(string folder) =>
        Names.All(name => File.Exists(Path.Combine(folder, name)) || File.Exists(Path.Combine(folder, $"{name}.gz")));

    /// <exception cref="DataFileException">A source gave a file with a wrong sum.</exception>
    /// <exception cref="CliException">No source could be reached: with every source's reason.</exception>
    public async Task FetchAsync(CancellationToken stop)
    {
        var failures = new List<string>();
        foreach (var source in sources)
        {
            tell($"Fetching Fashion-MNIST from {source.Name}");
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
        var files = string.Join(", ", Names.Select(name => $"{name}.gz"));
        throw new CliException(
            $"Fashion-MNIST could not be fetched.{Environment.NewLine}{string.Join(Environment.NewLine, failures)}",
            remedy: $"Put {files} into a folder and set TRAINER_DATA to it, or give an address that has them with --from.");
    }

    private async Task FetchAsync(IDataSource source, CancellationToken stop)
    {
        // Inside the folder, so that moving is renaming.
        var staging = Directory.CreateDirectory(Path.Combine(folder, $".fetching-{Guid.NewGuid():n}")).FullName;
        try
        {
            await source.FetchAsync(staging, tell, stop);
            foreach (var (name, expected) in FashionMnist.Files)
            {
                await CheckAsync(Path.Combine(staging, $"{name}.gz"), source.Name, expected, stop);
            }

            foreach (var name in Names)
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
