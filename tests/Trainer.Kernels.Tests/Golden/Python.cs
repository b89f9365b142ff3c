using System.ComponentModel;
using System.Diagnostics;

namespace Trainer.Kernels.Tests.Golden;

/// <summary>A Python that has torch or torchvision, and programs beside this file.</summary>
internal static class Python
{
    private static readonly Dictionary<string, string?> Found = new(StringComparer.Ordinal);

    /// <summary>The calling test is skipped where no Python has a module.</summary>
    public static void SkipWithout(string module) => Assert.SkipWhen(Find(module) is null, $"There is no python3 with {module}: apt install python3-{module}");

    /// <summary>Runs a program; the test is skipped where no Python has the module.</summary>
    /// <returns>The lines that it prints. Patience is for one, however many there are.</returns>
    public static async Task<List<string>> RunAsync(string module, string script, params string[] arguments)
    {
        SkipWithout(module);
        var program = Find(module)!;
        var start = new ProcessStartInfo(program, ["-B", "-W", "ignore", PathOf(script), .. arguments]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var (lines, error) = (new List<string>(), process.StandardError.ReadToEndAsync());
        try
        {
            while (await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(5)) is { } line)
            {
                lines.Add(line);
            }
        }
        catch (TimeoutException)
        {
            process.Kill();
            throw;
        }

        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} {script}: exit code {process.ExitCode}\n{await error}");
        return lines;
    }

    /// <summary>Beside the sources, which the test assembly knows from its own place: tests/X/bin/Release/net10.0.</summary>
    private static string PathOf(string script) => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../Golden", script));

    private static string? Find(string module)
    {
        lock (Found)
        {
            if (!Found.TryGetValue(module, out var python))
            {
                string?[] candidates = [Environment.GetEnvironmentVariable("TRAINER_PYTHON"), "/usr/bin/python3", "python3"];
                Found[module] = python = candidates.OfType<string>().FirstOrDefault(candidate => Has(candidate, module));
            }

            return python;
        }
    }

    private static bool Has(string candidate, string module)
    {
        try
        {
            var start = new ProcessStartInfo(candidate, ["-c", $"import {module}"]) { UseShellExecute = false, RedirectStandardError = true };
            using var process = Process.Start(start)!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
