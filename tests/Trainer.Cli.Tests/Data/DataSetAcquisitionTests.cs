using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Trainer.Cli.Data;
using Trainer.Cli.Errors;
using Trainer.Cli.Tests.Fakes;
using Trainer.Kernels.Data;

namespace Trainer.Cli.Tests.Data;

public sealed class DataSetAcquisitionTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, byte[]> _served = [];
    private readonly List<string> _asked = [];
    private WebApplication _server = null!;

    private string Address => $"{_server.Urls.Single()}/mirror";

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _server = builder.Build();
        _server.MapGet("/mirror/{name}", (string name) =>
        {
            _asked.Add(name);
            return _served.TryGetValue(name, out var content) ? Results.Bytes(content) : Results.NotFound();
        });
        await _server.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_folder_that_has_it_is_not_fetched_again()
    {
        Serve(RealFolder());
        var target = _folder["data"];

        var first = await CommandRun.InAsync(_folder.Path, "data", "fetch", "fashion-mnist", "--to", target, "--from", Address);
        var second = await CommandRun.InAsync(_folder.Path, "data", "fetch", "fashion-mnist", "--to", target, "--from", Address, "-o", "json");

        Assert.Equal((0, ""), (first.ExitCode, first.Errors));
        Assert.StartsWith($"Fetching Fashion-MNIST from the address {Address}\n  train-images-idx3-ubyte.gz (", first.Output);
        Assert.EndsWith($"Fashion-MNIST is in {target}; its sums are right.\n", first.Output);
        Assert.Equal($$"""{"name":"fashion-mnist","folder":"{{target}}","fetched":false}""" + "\n", second.Output);
        Assert.Equal(4, _asked.Count);
        Assert.Equal(4, Directory.GetFileSystemEntries(target).Length);
    }

    [Fact]
    public async Task Where_it_is_found_is_said()
    {
        var run = await CommandRun.InAsync(_folder.Path, "data", "fetch", "fashion-mnist");

        Assert.Equal($"Fashion-MNIST is in {RealFolder()}; its sums are right.\n", run.Output);
    }

    [Fact]
    public async Task A_wrong_sum_names_file_expected_and_found_and_leaves_nothing()
    {
        Serve(RealFolder());
        _served["t10k-labels-idx1-ubyte.gz"] = Gzip("other labels");

        var run = await CommandRun.InAsync(_folder.Path, "data", "fetch", "fashion-mnist", "--to", _folder["data"], "--from", Address);

        Assert.Equal(1, run.ExitCode);
        Assert.Equal(
            "t10k-labels-idx1-ubyte.gz: expected SHA-256 0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34 of the decompressed content, "
            + $"found {Sum("other labels")} at the address {Address}\n", run.Errors);
        Assert.Empty(Directory.GetFileSystemEntries(_folder["data"]));
    }

    [Fact]
    public async Task An_archive_with_a_wrong_sum_is_not_unpacked()
    {
        _served["cifar-10-binary.tar.gz"] = "something else"u8.ToArray();

        var run = await CommandRun.InAsync(_folder.Path, "data", "fetch", "cifar-10", "--to", _folder["data"], "--from", Address);

        Assert.Equal(
            $"cifar-10-binary.tar.gz: expected MD5 c32a1d4ab5d03f1284b67883e8d87530, found 6c7ba9c5a141421e1c03cb9807c97c74 at the address {Address}\n", run.Errors);
        Assert.Empty(Directory.GetFileSystemEntries(_folder["data"]));
    }

    [Fact]
    public async Task Files_are_unpacked_from_wherever_they_are_in_an_archive()
    {
        Directory.CreateDirectory(_folder["packed/cifar-100-binary"]);
        File.WriteAllText(_folder["packed/cifar-100-binary/train.bin"], "train");
        File.WriteAllText(_folder["packed/cifar-100-binary/readme.html"], "no");
        await using (var file = File.Create(_folder["a.tar.gz"]))
        {
            await using var gzip = new GZipStream(file, CompressionLevel.Fastest);
            await TarFile.CreateFromDirectoryAsync(_folder["packed"], gzip, includeBaseDirectory: false);
        }

        Directory.CreateDirectory(_folder["data"]);
        await Archive.UnpackAsync(_folder["a.tar.gz"], ["train.bin"], _folder["data"], CancellationToken.None);

        Assert.Equal("train", File.ReadAllText(Assert.Single(Directory.GetFiles(_folder["data"]))));
        var lacks = await Assert.ThrowsAsync<DataFileException>(() => Archive.UnpackAsync(_folder["a.tar.gz"], ["test.bin"], _folder["data"], CancellationToken.None));
        Assert.Equal($"{_folder["a.tar.gz"]}: lacks test.bin", lacks.Message);
    }

    [Fact]
    public async Task What_is_not_gzip_is_named()
    {
        foreach (var (name, _) in KnownDataSet.FashionMnist.Files)
        {
            _served[$"{name}.gz"] = "<html>Please log in</html>"u8.ToArray();
        }

        var wrong = await Assert.ThrowsAsync<DataFileException>(() => Acquisition(DataSetAcquisition.Mirror(KnownDataSet.FashionMnist, new Uri(Address))).FetchAsync(CancellationToken.None));

        Assert.Equal($"train-images-idx3-ubyte.gz: expected gzip, found something else at the address {Address}", wrong.Message);
    }

    [Fact]
    public async Task When_nobody_has_it_every_reason_is_given_and_what_to_do()
    {
        var nobody = await ClosedAddressAsync();
        IDataSource[] sources = [DataSetAcquisition.Mirror(KnownDataSet.FashionMnist, new Uri(Address)), DataSetAcquisition.Mirror(KnownDataSet.FashionMnist, nobody), Debian(aptGet: "no-such-apt-get")];

        var failure = await Assert.ThrowsAsync<CliException>(() => Acquisition(sources).FetchAsync(CancellationToken.None));

        Assert.Equal($"""
            Fashion-MNIST could not be fetched.
              the address {Address}: train-images-idx3-ubyte.gz: the server answered 404 NotFound
              the address {nobody}: train-images-idx3-ubyte.gz: Connection refused ({nobody.Host}:{nobody.Port})
              Debian's package dataset-fashion-mnist: no-such-apt-get is not installed
            """, failure.Message);
        Assert.StartsWith("Put train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz into a folder", failure.Remedy);
        Assert.Empty(Directory.GetFileSystemEntries(_folder["data"]));
    }

    [Fact]
    public async Task The_debian_package_is_the_second_way_and_is_unpacked_without_root()
    {
        var nobody = await ClosedAddressAsync();

        await Acquisition(DataSetAcquisition.Mirror(KnownDataSet.FashionMnist, nobody), Debian(FakeAptGet("cp package.deb \"$PWD/\""))).FetchAsync(CancellationToken.None);

        Assert.Equal(KnownDataSet.FashionMnist.Files.Select(file => $"{file.Name}.gz").Order(), Directory.GetFileSystemEntries(_folder["data"]).Select(Path.GetFileName).Order());
        KnownDataSet.FashionMnist.Load(_folder["data"]);
    }

    [Fact]
    public async Task An_apt_get_that_fails_is_quoted_with_its_last_line()
    {
        var apt = FakeAptGet("echo 'Reading lists'; echo 'E: Unable to locate package' >&2; exit 100");

        var failure = await Assert.ThrowsAsync<CliException>(() => Acquisition(Debian(apt)).FetchAsync(CancellationToken.None));

        Assert.Contains("  Debian's package dataset-fashion-mnist: apt-get download failed: E: Unable to locate package", failure.Message);
    }

    private DataSetAcquisition Acquisition(params IDataSource[] sources) => new(KnownDataSet.FashionMnist, _folder["data"], sources, _ => { });

    private static DebianPackageSource Debian(string aptGet) =>
        new("dataset-fashion-mnist", "/usr/share/datasets/fashion-mnist", [.. KnownDataSet.FashionMnist.Files.Select(file => file.Name)]) { AptGet = aptGet };

    /// <summary>Checks that lists and cache are private, and does <paramref name="download"/> in place of a download.</summary>
    private string FakeAptGet(string download)
    {
        Directory.CreateDirectory(_folder["bin"]);
        var program = _folder["bin/apt-get"];
        File.WriteAllText(program, $"""
            #!/bin/sh
            case "$*" in *"Dir::State::Lists=$PWD/lists"*"Dir::Cache=$PWD/cache"*) ;; *) echo "lists are not private: $*" >&2; exit 1;; esac
            [ -d lists/partial ] && [ -d cache/archives/partial ] || exit 2
            [ "$1" = update ] && exit 0
            {download.Replace("cp package.deb \"$PWD/\"", BuildPackage(), StringComparison.Ordinal)}
            """);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return program;
    }

    /// <remarks>dpkg-deb refuses folders that only their owner can read, which a cautious umask makes.</remarks>
    private static string BuildPackage() => $"""
        umask 022
        mkdir -p build/DEBIAN build/usr/share/datasets/fashion-mnist
        printf 'Package: dataset-fashion-mnist\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.com>\nDescription: a test\n' >build/DEBIAN/control
        cp {RealFolder()}/*.gz build/usr/share/datasets/fashion-mnist/
        dpkg-deb -Znone --build build dataset-fashion-mnist_1_all.deb
        """;

    private static string RealFolder()
    {
        var folder = KnownDataSet.FashionMnist.Find();
        Assert.SkipWhen(folder is null, "Fashion-MNIST is not installed: trainer data fetch fashion-mnist");
        return folder;
    }

    private void Serve(string folder)
    {
        foreach (var (name, _) in KnownDataSet.FashionMnist.Files)
        {
            var plain = Path.Combine(folder, name);
            _served[$"{name}.gz"] = File.Exists($"{plain}.gz") ? File.ReadAllBytes($"{plain}.gz") : Gzip(File.ReadAllBytes(plain));
        }
    }

    private static byte[] Gzip(string text) => Gzip(Encoding.UTF8.GetBytes(text));

    private static byte[] Gzip(byte[] content)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
        {
            gzip.Write(content);
        }

        return compressed.ToArray();
    }

    private static string Sum(string text) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Where something listened a moment ago.</summary>
    private static async Task<Uri> ClosedAddressAsync()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeApi());
        return new Uri($"{cluster.Endpoint}/");
    }
}
