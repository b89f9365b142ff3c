using System.Diagnostics;

namespace Trainer.Protos.Tests.Contract;

/// <summary>buf, which checks protocol definitions; a test that wants it is skipped where it is missing, and says so.</summary>
internal static class Buf
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Runs buf in the repository's root.</summary>
    /// <returns>What it found wrong; empty: nothing.</returns>
    public static async Task<string> RunAsync(params string[] arguments)
    {
        var program = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, "buf")).FirstOrDefault(File.Exists);
        Assert.SkipWhen(program is null, "buf is not on PATH; ./test gets it.");
        var start = new ProcessStartInfo(program!, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Repository.Folder(""),
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }
        var found = await output + await error;
        return process.ExitCode == 0 ? "" : $"exit code {process.ExitCode}\n{found}";
    }
}
