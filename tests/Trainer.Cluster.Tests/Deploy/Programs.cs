using System.Diagnostics;

namespace Trainer.Cluster.Tests.Deploy;

/// <summary>Programs that some machines have and others lack: a test that wants one is skipped, and says so.</summary>
internal static class Programs
{
    /// <summary>Where the program is; skips the test if it is nowhere on PATH.</summary>
    public static string Need(string name)
    {
        var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
        Assert.SkipWhen(found is null, $"{name} is not on PATH");
        return found!;
    }

    /// <summary>Runs a program to its end.</summary>
    /// <returns>Its standard output; the test fails with both outputs when its exit code is not 0.</returns>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: exit code {process.ExitCode}\n{await output}\n{await error}");
        return await output;
    }
}
