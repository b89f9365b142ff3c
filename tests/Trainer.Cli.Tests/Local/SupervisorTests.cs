using Trainer.Cli.Errors;
using Trainer.Cli.Home;
using Trainer.Cli.Local;
using Trainer.Cli.Output;
using Trainer.Cli.Tests.Fakes;
using Trainer.Hosting.Run;

namespace Trainer.Cli.Tests.Local;

public sealed class SupervisorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _told = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Whoever_does_not_stop_in_time_is_killed()
    {
        var supervisor = Create(TimeSpan.FromMilliseconds(200));
        supervisor.Start(Shell("deaf", "trap '' TERM; echo $$; exec sleep 1000"));
        await Eventually.TrueAsync(() => Log("deaf").Length > 0, "the child says its pid");
        var child = ProcessIdentity.Of(int.Parse(Log("deaf")))!.Value;

        await supervisor.DisposeAsync();

        Assert.False(child.IsAlive);
        Assert.Equal(["deaf did not stop within 0.2 s and was killed."], _told);
    }

    [Fact]
    public async Task Waiting_in_vain_names_what_was_awaited_and_shows_the_log()
    {
        await using var supervisor = Create(TimeSpan.FromSeconds(10));
        supervisor.Start(Shell("slow", "echo still looking; read line"));
        await Eventually.TrueAsync(() => Log("slow").Length > 0, "the child has written");

        var failure = await Assert.ThrowsAsync<CliException>(
            () => supervisor.UntilAsync(() => Task.FromResult(false), "The coordinator", "slow", TimeSpan.FromMilliseconds(100), CancellationToken.None));

        Assert.Equal($"The coordinator did not get ready within 0.1 s.\nThe end of {_folder["slow.log"]}:\n  | still looking", failure.Message);
    }

    [Fact]
    public async Task The_child_is_the_program_itself_and_its_output_is_in_the_log()
    {
        using var child = ChildProcess.Start(Shell("child", "echo out; echo err >&2; read line; exit 5"));
        await Eventually.TrueAsync(() => Log("child") == "out\nerr\n", "both lines are there");

        Assert.True(await child.StopAsync(TimeSpan.FromSeconds(30)));

        Assert.Equal(5, await child.Exited);
    }

    [Theory]
    [InlineData(0, 1, 1, 200)]
    [InlineData(1, 1, 2, 400)]
    [InlineData(4, 1, 5, 3200)]
    [InlineData(9, 1, 10, 10000)]
    [InlineData(1000, 1, 1001, 10000)]
    [InlineData(9, 30, 1, 200)]
    public void Pauses_grow_and_begin_anew_after_a_good_run(int endsBefore, int ageSeconds, int ends, int pauseMilliseconds) =>
        Assert.Equal((ends, TimeSpan.FromMilliseconds(pauseMilliseconds)), RestartPolicy.Decide(endsBefore, TimeSpan.FromSeconds(ageSeconds)));

    [Fact]
    public void One_supervisor_at_a_time_claims_a_run_folder()
    {
        var run = RunFolder.OpenOrCreate(_folder["run"]);
        var first = SupervisorClaim.TryTake(run)!;

        Assert.Null(SupervisorClaim.TryTake(run));
        first.Dispose();

        Assert.False(File.Exists(_folder["run/cluster.lock"]));
        using var second = SupervisorClaim.TryTake(run);
        Assert.NotNull(second);
    }

    [Fact]
    public void A_record_counts_only_while_its_very_process_lives()
    {
        var run = RunFolder.OpenOrCreate(_folder["run"]);
        var self = ProcessIdentity.Current;
        Assert.Null(LocalClusterRecord.Find(run));

        var record = new LocalClusterRecord(self.ProcessId, self.StartTicks, Ready: true, 2, 1, "/logs");
        record.Write(run);
        Assert.Equal(record, LocalClusterRecord.Find(run));

        (record with { StartTicks = self.StartTicks - 1 }).Write(run);
        Assert.Null(LocalClusterRecord.Find(run));
    }

    [Fact]
    public void The_tail_of_a_log_is_its_last_lines()
    {
        File.WriteAllLines(_folder["a.log"], Enumerable.Range(1, 20).Select(number => $"line {number}"));

        Assert.Equal(string.Join('\n', Enumerable.Range(9, 12).Select(number => $"  | line {number}")), LogFile.Tail(_folder["a.log"]));
        Assert.Equal("  | (nothing)", LogFile.Tail(_folder["b.log"]));
    }

    private Supervisor Create(TimeSpan grace) => new(restart: true, _told.Add, grace);

    private ChildSpec Shell(string name, string script) => new(name, "/bin/sh", ["-c", script], _folder[$"{name}.log"]);

    private string Log(string name) => File.Exists(_folder[$"{name}.log"]) ? File.ReadAllText(_folder[$"{name}.log"]) : "";
}
