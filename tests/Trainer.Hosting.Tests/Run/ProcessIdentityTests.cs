using System.Diagnostics;
using Trainer.Hosting.Run;

namespace Trainer.Hosting.Tests.Run;

public sealed class ProcessIdentityTests
{
    [Fact]
    public void This_process_is_alive_and_one_that_started_earlier_with_its_pid_is_not()
    {
        var self = ProcessIdentity.Current;

        Assert.Equal(Environment.ProcessId, self.ProcessId);
        Assert.True(self.IsAlive);
        Assert.False((self with { StartTicks = self.StartTicks - 1 }).IsAlive);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    public void There_is_no_process_with_an_impossible_pid(int pid) => Assert.Null(ProcessIdentity.Of(pid));

    [Fact]
    public async Task A_child_is_alive_until_it_ends()
    {
        using var child = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "read line"]) { RedirectStandardInput = true, UseShellExecute = false })!;
        var identity = ProcessIdentity.Of(child.Id)!.Value;
        Assert.True(identity.IsAlive);

        child.StandardInput.Close();
        await child.WaitForExitAsync();

        Assert.False(identity.IsAlive);
    }

    [Fact]
    public void The_name_in_the_stat_line_may_hold_spaces_and_parentheses()
    {
        var stat = "4242 (a) Z (b c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 987654 20 21\n";

        Assert.Equal(('S', 987654L), ProcessIdentity.ParseStat(stat));
    }
}
