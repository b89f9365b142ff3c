using System.Diagnostics;

namespace Trainer.Cluster.Tests.Upgrades;

/// <summary>The program of the release before, as tests/upgrade builds it.</summary>
internal static class ReleaseBefore
{
    // A build from nothing, on a machine with much else to do.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(9);

    /// <summary>Where the program is; skips the test where its commit is not to be had, and says why.</summary>
    public static async Task<string> ProgramAsync()
    {
        using var upgrade = Process.Start(new ProcessStartInfo(Path.Combine(Repository.Root, "tests/upgrade")) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (upgrade.StandardOutput.ReadToEndAsync(), upgrade.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await upgrade.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            upgrade.Kill(entireProcessTree: true);
            throw;
        }

        Assert.SkipWhen(upgrade.ExitCode == 3, (await error).Trim());
        Assert.True(upgrade.ExitCode == 0, await error);
        return (await output).Trim();
    }
}
