namespace Trainer.Cli.Data;

/// <summary>
/// Files of a Debian package, fetched and unpacked without root: apt works on lists and a cache of our own, so it changes nothing on the machine.
/// </summary>
internal sealed class DebianPackageSource(string package, string folderInPackage, IReadOnlyList<string> names) : IDataSource
{
    private static readonly TimeSpan UpdateWithin = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan DownloadWithin = TimeSpan.FromMinutes(3);

    /// <summary>The program; tests put their own in its place.</summary>
    public string AptGet { get; init; } = "apt-get";

    public string Name { get; } = $"Debian's package {package}";

    public async Task FetchAsync(string folder, Action<string> tell, CancellationToken stop)
    {
        var work = Directory.CreateDirectory(Path.Combine(folder, "apt")).FullName;
        foreach (var needed in (string[])["lists/partial", "cache/archives/partial", "root"])
        {
            Directory.CreateDirectory(Path.Combine(work, needed));
        }

        string[] options =
        [
            "-q", "-o", $"Dir::State::Lists={work}/lists", "-o", $"Dir::Cache={work}/cache", "-o", "APT::Sandbox::User=root",
            "-o", "Acquire::http::Timeout=10", "-o", "Acquire::https::Timeout=10", "-o", "Acquire::Retries=1",
        ];
        tell("  apt-get update, with lists of our own");
        await ExternalTool.RunAsync(AptGet, ["update", .. options], work, UpdateWithin, stop);
        tell($"  apt-get download {package}");
        await ExternalTool.RunAsync(AptGet, ["download", .. options, package], work, DownloadWithin, stop);
        var archive = Directory.GetFiles(work, "*.deb").FirstOrDefault() ?? throw new SourceFailedException($"apt-get download {package} left no package");
        await ExternalTool.RunAsync("dpkg", ["-x", archive, $"{work}/root"], work, DownloadWithin, stop);
        foreach (var name in names)
        {
            MoveOut(Path.Combine(work, "root", folderInPackage.TrimStart('/'), $"{name}.gz"), folder);
        }

        Directory.Delete(work, recursive: true);
    }

    private void MoveOut(string file, string folder)
    {
        if (!File.Exists(file))
        {
            throw new SourceFailedException($"{package} has no {folderInPackage}/{Path.GetFileName(file)}");
        }

        File.Move(file, Path.Combine(folder, Path.GetFileName(file)));
    }
}
