using System.Diagnostics;
using System.Text.Json;
using Trainer.Kernels.Tests.Gpu;

namespace Trainer.Kernels.Tests.GpuCheck;

/// <summary>The archive of tests/gpu-check as somebody else has it: small, unpacked in an empty folder, without .NET, on the device that the tests have.</summary>
[Collection(GpuVariants.Serial)]
[Trait("Category", "Long")]
public sealed class ArchiveTests : IDisposable
{
    private const long MostBytes = 60_000_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("gpu-check").FullName;

    [Fact]
    public async Task It_is_small_and_checks_a_device_where_there_is_no_dotnet()
    {
        GpuVariants.Required();
        await RunAsync(Path.Combine(Repository.Root, "tests/gpu-check"), ["--to", _folder], path: null);
        var archive = Path.Combine(_folder, "gpu-check.tar.xz");
        Assert.InRange(new FileInfo(archive).Length, 1, MostBytes);
        await RunAsync("/usr/bin/tar", ["-C", _folder, "-xf", archive], Tools());
        var (run, report) = (Path.Combine(_folder, "gpu-check/run"), Path.Combine(_folder, "report"));

        string[] some = ["--only", "GoldenStep,Linear/Forward,TensorCores,Zoo/lenet,Resources/TreeFold,Networks/lenet,PyTorch/lenet", "--seconds", "0.1"];
        await RunAsync(run, ["--device", GpuVariants.Devices[0].Name, "--minutes", "5", "--out", report, "--python", "/no/such/python", .. some], Tools());

        var found = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(report, "gpu-check.json"))).RootElement;
        Assert.Equal(GpuVariants.Devices[0].Name, found.GetProperty("machine").GetProperty("device").GetString());
        var outcomes = found.GetProperty("findings").EnumerateArray().ToLookup(one => one.GetProperty("part").GetString()!, one => one.GetProperty("outcome").GetString());
        Assert.All(outcomes["Linear"].Concat(outcomes["GoldenStep"]).Concat(outcomes["Zoo"]), outcome => Assert.Equal("equal", outcome));
        Assert.Equal((9, 3, 1), (outcomes["Linear"].Count(), outcomes["GoldenStep"].Count(), outcomes["Zoo"].Count()));
        Assert.Equal("measured", Assert.Single(outcomes["Resources"]));
        Assert.Equal("measured", Assert.Single(outcomes["Networks"]));
        Assert.Equal("failed", Assert.Single(outcomes["PyTorch"]));
        var tables = await File.ReadAllTextAsync(Path.Combine(report, "gpu-check.md"));
        Assert.Contains("| `TreeFoldKernels.FoldElement` | equal |", tables, StringComparison.Ordinal);
        Assert.Contains("PyTorch: /no/such/python does not start", tables, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>A PATH of what the archive needs, of the linker that PoCL calls, and of nothing else.</summary>
    private string Tools()
    {
        var tools = Path.Combine(_folder, "tools");
        Directory.CreateDirectory(tools);
        foreach (var tool in new[] { "dirname", "readlink", "tar", "xz", "ld" }.Where(tool => !File.Exists(Path.Combine(tools, tool))))
        {
            File.CreateSymbolicLink(Path.Combine(tools, tool), Path.Combine("/usr/bin", tool));
        }

        return tools;
    }

    private async Task RunAsync(string program, string[] arguments, string? path)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        if (path is not null)
        {
            (start.Environment["PATH"], start.Environment["DOTNET_ROOT"]) = (path, "/no/such/folder");
        }

        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{program} ended with exit code {process.ExitCode}: {await output} {await errors}");
    }
}
