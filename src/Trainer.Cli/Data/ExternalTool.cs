using System.ComponentModel;
using System.Diagnostics;
using Trainer.Cli.Output;

namespace Trainer.Cli.Data;

/// <summary>Runs a program of the system with a limit of time.</summary>
internal static class ExternalTool
{
    /// <exception cref="SourceFailedException">It is not installed, takes too long, or fails: with the last line that it wrote.</exception>
    public static async Task RunAsync(string program, IReadOnlyList<string> arguments, string folder, TimeSpan within, CancellationToken stop)
    {
        var name = $"{Path.GetFileName(program)} {arguments[0]}";
        using var process = Start(program, arguments, folder);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(within);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = await process.StandardError.ReadToEndAsync(limit.Token);
            await output;
            await process.WaitForExitAsync(limit.Token);
            if (process.ExitCode != 0)
            {
                throw new SourceFailedException($"{name} failed: {LastLine(errors)}");
            }
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            stop.ThrowIfCancellationRequested();
            throw new SourceFailedException($"{name} took longer than {Words.Duration(within.TotalSeconds)}");
        }
    }

    private static Process Start(string program, IReadOnlyList<string> arguments, string folder)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            Environment = { ["DEBIAN_FRONTEND"] = "noninteractive", ["LC_ALL"] = "C" },
        };
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception missing)
        {
            throw new SourceFailedException($"{program} is not installed", missing);
        }
    }

    private static string LastLine(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault("it does not say why");
}
