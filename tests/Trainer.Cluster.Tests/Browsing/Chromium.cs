using System.Diagnostics;
using Trainer.Cluster.Tests.Deploy;

namespace Trainer.Cluster.Tests.Browsing;

/// <summary>Chromium and the Playwright that drives it, as ./test unpacks them.</summary>
internal static class Chromium
{
    /// <summary>A program of tests/browser, told where both are.</summary>
    public static Process Start(string program, params string[] more)
    {
        var cache = Path.Combine(
            Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set ? set : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"), "trainer");
        var packages = Path.Combine(cache, "playwright");
        var chromium = new[] { Path.Combine(cache, "chromium", "chromium"), "/usr/bin/chromium" }.FirstOrDefault(File.Exists);
        Assert.SkipUnless(chromium is not null && Directory.Exists(packages), $"Chromium and Playwright are not in {cache}; ./test gets them.");
        return Process.Start(new ProcessStartInfo(Programs.Need("node"), [Path.Combine(Repository.Root, "tests", "browser", program), packages, chromium!, .. more])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    /// <summary>The programs end with their input.</summary>
    public static async Task EndAsync(Process program)
    {
        program.StandardInput.Close();
        try
        {
            await program.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));
        }
        catch (TimeoutException)
        {
            program.Kill(entireProcessTree: true);
        }

        program.Dispose();
    }
}
