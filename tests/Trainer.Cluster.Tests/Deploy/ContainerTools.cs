using System.Diagnostics;

namespace Trainer.Cluster.Tests.Deploy;

/// <summary>Debian's programs that know what an image is, as ./test --all unpacks them: skopeo, umoci, docker-registry, and bwrap, which runs what was unpacked.</summary>
internal static class ContainerTools
{
    private static readonly string Cache = Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set ? set : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "trainer", "containers");

    /// <summary>Skips the test where one of them is neither there nor on PATH.</summary>
    public static void Need()
    {
        foreach (var name in new[] { "skopeo", "umoci", "docker-registry", "bwrap" })
        {
            Program(name);
        }
    }

    public static string Program(string name) => Path.Combine(Cache, "usr/bin", name) is var unpacked && File.Exists(unpacked) ? unpacked : Programs.Need(name);

    /// <summary>Starts one of them, or another program, with the libraries that were unpacked beside them.</summary>
    public static Process Start(string program, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>Runs a program to its end, at most ten minutes.</summary>
    /// <returns>What it wrote; the test fails with that where the exit code is not 0.</returns>
    public static async Task<string> RunAsync(string program, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        using var process = Start(program, environment, arguments);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }

        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: exit code {process.ExitCode}\n{await output}\n{await error}");
        return await output;
    }

    public static Task<string> RunAsync(string name, params string[] arguments) => RunAsync(
        Program(name),
        new Dictionary<string, string>(StringComparer.Ordinal) { ["LD_LIBRARY_PATH"] = string.Join(':', Directory.GetDirectories(Path.Combine(Cache, "usr/lib"), "*-linux-gnu")) },
        arguments);
}
