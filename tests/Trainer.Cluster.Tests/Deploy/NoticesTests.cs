using System.Diagnostics;
using System.Text.Json;

namespace Trainer.Cluster.Tests.Deploy;

/// <summary>THIRD-PARTY-NOTICES.md against the packages that the built tool carries.</summary>
public sealed class NoticesTests
{
    [Fact]
    public void Every_package_that_ships_is_named_with_its_version_and_no_other()
    {
        var listed = File.ReadLines(Path.Combine(Repository.Root, "THIRD-PARTY-NOTICES.md"))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells[1] != "package")
            .Select(cells => $"{cells[1]}/{cells[2]}");

        Assert.Equal(Shipped().Order(StringComparer.OrdinalIgnoreCase), listed.Order(StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>Where the packages' source knows of vulnerabilities; it is skipped where that does not answer.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public async Task No_package_that_ships_is_known_to_be_vulnerable()
    {
        var start = new ProcessStartInfo(Programs.Need("dotnet"), ["list", Path.Combine(Repository.Root, "src/Trainer.Cli"), "package", "--vulnerable", "--include-transitive", "--no-restore"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        var said = $"{await output}\n{await error}";
        Assert.DoesNotContain("has the following vulnerable packages", said, StringComparison.Ordinal);
        Assert.SkipUnless(said.Contains("has no vulnerable packages", StringComparison.Ordinal) && !said.Contains("NU1900", StringComparison.Ordinal), $"the packages' source does not say what is vulnerable: {said}");
    }

    /// <summary>Packages of the tool that put a file beside it, managed or native.</summary>
    internal static IEnumerable<string> Shipped()
    {
        using var dependencies = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "trainer.deps.json")));
        var target = dependencies.RootElement.GetProperty("targets").EnumerateObject().Last().Value; // of this kind of machine, where one was built for
        return [.. target.EnumerateObject()
            .Where(library => dependencies.RootElement.GetProperty("libraries").GetProperty(library.Name).GetProperty("type").GetString() == "package")
            .Where(library => library.Value.TryGetProperty("runtime", out _) || library.Value.TryGetProperty("native", out _) || library.Value.TryGetProperty("runtimeTargets", out _))
            .Select(library => library.Name)];
    }
}
