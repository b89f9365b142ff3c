using System.Diagnostics;

namespace Trainer.Cluster.Tests.Upgrades;

public sealed class ReleaseBeforeTests
{
    [Fact]
    public async Task A_clone_without_the_commit_says_what_to_do()
    {
        var clone = Directory.CreateTempSubdirectory("trainer-clone-").FullName;
        try
        {
            var script = Path.Combine(Directory.CreateDirectory(Path.Combine(clone, "tests")).FullName, "upgrade");
            File.Copy(Path.Combine(Repository.Root, "tests/upgrade"), script);
            var start = new ProcessStartInfo(script) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
            start.Environment["XDG_CACHE_HOME"] = clone;
            using var upgrade = Process.Start(start)!;
            var error = await upgrade.StandardError.ReadToEndAsync(CancellationToken.None);
            await upgrade.WaitForExitAsync(CancellationToken.None);

            Assert.Equal(3, upgrade.ExitCode);
            Assert.Matches("^The release before cannot be built: its commit [0-9a-f]{12} is not in this clone\\. Get the whole history: git fetch --unshallow\n$", error);
        }
        finally
        {
            Directory.Delete(clone, recursive: true);
        }
    }
}
