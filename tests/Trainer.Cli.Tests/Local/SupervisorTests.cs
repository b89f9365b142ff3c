using Trainer.Cli.Errors;
using Trainer.Cli.Home;
using Trainer.Cli.Local;
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

    [Fact]
    public async Task A_worker_that_computes_wrong_bits_is_not_started_again()
    {
        await using var supervisor = Create(TimeSpan.FromSeconds(10));
        supervisor.Start(Shell("worker-0", "exit 4"));

        await supervisor.RunAsync("coordinator", CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal([$"worker-0 ended with exit code 4. Its log: {_folder["worker-0.log"]}"], _told);
    }

    [Fact]
    public async Task Who_was_killed_for_want_of_memory_is_told_from_who_was_killed()
    {
        var counter = _folder["memory.events"];
        await File.WriteAllTextAsync(counter, "oom 7\noom_kill 3\n", TestContext.Current.CancellationToken);
        var kills = new MemoryKills([_folder["none"], counter]);
        Assert.False(kills.Explains(137));
        await File.WriteAllTextAsync(counter, "oom 8\noom_kill 4\n", TestContext.Current.CancellationToken);
        Assert.False(kills.Explains(139));
        await using var supervisor = new Supervisor(restart: false, _ => true, Tell, TimeSpan.FromSeconds(10)) { MemoryKills = kills };
        supervisor.Start(Shell("worker-0", "kill -9 $$"));
        await supervisor.RunAsync("coordinator", CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal([$"worker-0 was killed by the kernel, since memory ran out. Its log: {_folder["worker-0.log"]}"], _told);
        Assert.False(kills.Explains(137));
    }

    [Theory]
    [InlineData(0, 1, 1, 1, 200)]
    [InlineData(1, 1, 1, 2, 400)]
    [InlineData(4, 1, 0, 5, 3200)]
    [InlineData(9, 1, 1, 10, 10000)]
    [InlineData(1000, 1, 1, 1001, 10000)]
    [InlineData(9, 30, 1, 1, 200)]
    [InlineData(9, 1, 137, 1, 200)]
    public void Pauses_grow_and_begin_anew_after_a_good_run_or_a_signal(int endsBefore, int ageSeconds, int code, int ends, int pauseMilliseconds) =>
        Assert.Equal(
            new RestartPolicy(ends, 0, TimeSpan.FromMilliseconds(pauseMilliseconds)),
            new RestartPolicy(endsBefore, 7, default).After(TimeSpan.FromSeconds(ageSeconds), cameUp: true, code));

    [Fact]
    public void Ten_starts_in_a_row_without_coming_up_are_enough()
    {
        var policy = default(RestartPolicy);
        for (var start = 1; start <= 10; start++)
        {
            Assert.False(policy.GivesUp);
            policy = policy.After(TimeSpan.FromMinutes(3), cameUp: false, code: null);
            Assert.Equal(start, policy.Ends);
        }

        Assert.True(policy.GivesUp);
        Assert.Equal(11, policy.After(TimeSpan.FromSeconds(1), cameUp: false, code: 137).Ends);
        Assert.False(policy.After(TimeSpan.FromSeconds(1), cameUp: true, code: 1).GivesUp);
    }

    [Fact]
    public async Task A_process_that_never_comes_up_is_given_up_and_the_others_go_on()
    {
        await using var supervisor = CreateWithoutPauses(child => child.Spec.Name == "good");
        supervisor.Start(Shell("good", "read line"));
        supervisor.Start(Shell("bad", "echo cannot find its socks; exit 7"));
        using var stop = new CancellationTokenSource();
        var running = supervisor.RunAsync("good", stop.Token);

        await Eventually.TrueAsync(() => Told().Any(line => line.Contains("is not started again", StringComparison.Ordinal)), "it is given up");

        Assert.Equal(10, Told().Count(line => line.StartsWith("bad ended with exit code 7", StringComparison.Ordinal)));
        Assert.StartsWith(
            $"bad ended with exit code 7. It did not come up 10 times in a row and is not started again.\nThe end of {_folder["bad.log"]}:\n  | cannot find its socks", Told()[^1]);
        Assert.False(running.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task Without_the_essential_process_the_cluster_ends_with_the_reason()
    {
        await using var supervisor = CreateWithoutPauses(child => child.Spec.Name == "good");
        supervisor.Start(Shell("good", "read line"));
        supervisor.Start(Shell("bad", "exit 7"));

        var failure = await Assert.ThrowsAsync<CliException>(() => supervisor.RunAsync("bad", TestContext.Current.CancellationToken));

        Assert.StartsWith("bad ended with exit code 7. It did not come up 10 times in a row and is not started again.", failure.Message);
    }

    [Fact]
    public async Task A_process_that_hangs_before_it_is_up_is_ended_and_started_again()
    {
        var supervisor = new Supervisor(restart: true, _ => false, Tell, TimeSpan.FromMilliseconds(100)) { UpWithin = TimeSpan.FromMilliseconds(200) };
        await using (supervisor)
        {
            supervisor.Start(Shell("slow", "echo $$; exec sleep 1000"));
            using var stop = new CancellationTokenSource();
            var running = supervisor.RunAsync("slow", stop.Token);
            await Eventually.TrueAsync(() => Log("slow").Split('\n').Length > 2, "it was started twice");
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        }

        Assert.StartsWith("slow did not come up within 0.2 s; starting it again in 0.2 s.", Told()[0]);
        Assert.All(Log("slow").Split('\n', StringSplitOptions.RemoveEmptyEntries), process => Assert.Null(ProcessIdentity.Of(int.Parse(process))));
    }

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

    private Supervisor Create(TimeSpan grace, Func<ChildProcess, bool>? isUp = null) => new(restart: true, isUp ?? (_ => true), Tell, grace);

    private Supervisor CreateWithoutPauses(Func<ChildProcess, bool> isUp) =>
        new(restart: true, isUp, Tell, TimeSpan.FromSeconds(10)) { Pause = (_, stop) => Task.Delay(1, stop) };

    private void Tell(string text)
    {
        lock (_told)
        {
            _told.Add(text);
        }
    }

    private List<string> Told()
    {
        lock (_told)
        {
            return [.. _told];
        }
    }

    private ChildSpec Shell(string name, string script) => new(name, "/bin/sh", ["-c", script], _folder[$"{name}.log"]);

    private string Log(string name) => File.Exists(_folder[$"{name}.log"]) ? File.ReadAllText(_folder[$"{name}.log"]) : "";
}
