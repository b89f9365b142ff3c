using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Trainer.Coordinator.Api;
using Trainer.Hosting.Limits;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Api;

/// <summary>Whatever becomes of the process that looks into a job, the call ends in words, and nothing is left running.</summary>
public sealed class InspectionProcessTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task An_order_comes_in_and_an_answer_goes_out()
    {
        // A message that holds a message as field 4 with a text as field 1, by hand; what came in is 3 bytes: field 2, the job.
        using var process = Shell("""test "$(od -An -tx1 | tr -d ' \n')" = 12016a && printf '\042\004\012\002no'""");

        Assert.Equal("no", (await process.AskAsync(new InspectionOrder { Job = "j" }, default)).Refused.Message);
    }

    [Fact]
    public async Task One_that_fails_says_so_and_what_it_may_have()
    {
        using var process = Shell("echo Out of memory >&2; exit 134");

        var failed = await Assert.ThrowsAsync<RpcException>(() => process.AskAsync(new InspectionOrder(), default));

        Assert.Equal(
            (StatusCode.ResourceExhausted, "The process that makes the picture was ended, most likely since it needed more memory than 2048 MiB (--limit inspection-bytes=N of the coordinator)."),
            (failed.StatusCode, failed.Status.Detail));
    }

    [Fact]
    public async Task One_that_never_answers_is_ended()
    {
        using var process = Shell($"echo $$ > {_folder}/id; echo $TMPDIR > {_folder}/tmp; echo weights > $TMPDIR/weights; exec sleep 600", TimeSpan.FromSeconds(1));

        var late = await Assert.ThrowsAsync<RpcException>(() => process.AskAsync(new InspectionOrder(), default));

        Assert.Equal(StatusCode.DeadlineExceeded, late.StatusCode);
        Assert.StartsWith("The picture was not there after 1 s", late.Status.Detail, StringComparison.Ordinal);
        Assert.False(Directory.Exists((await File.ReadAllTextAsync(Path.Combine(_folder, "tmp"))).Trim()));
        await AssertGoneAsync();
    }

    [Fact]
    public async Task A_caller_who_goes_takes_it_along_and_others_come_after_him()
    {
        using var process = Shell($"test -e {_folder}/id && exit 3; echo $$ > {_folder}/id; exec sleep 600");
        using var gone = new CancellationTokenSource();

        var first = process.AskAsync(new InspectionOrder(), gone.Token);
        var second = process.AskAsync(new InspectionOrder(), default);
        while (!File.Exists(Path.Combine(_folder, "id")))
        {
            await Task.Delay(10);
        }

        Assert.False(second.IsCompleted); // One at a time.
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.Contains("status 3", (await Assert.ThrowsAsync<RpcException>(() => second)).Status.Detail, StringComparison.Ordinal);
        await AssertGoneAsync();
    }

    [Fact]
    public async Task Too_many_who_wait_are_refused()
    {
        using var process = Shell("exec sleep 600");
        using var all = new CancellationTokenSource();

        var waiting = Enumerable.Range(0, 17).Select(_ => process.AskAsync(new InspectionOrder(), all.Token)).ToList(); // One runs.
        var refused = await Assert.ThrowsAsync<RpcException>(() => process.AskAsync(new InspectionOrder(), default));

        Assert.Equal((StatusCode.ResourceExhausted, "16 pictures are waited for. Try again."), (refused.StatusCode, refused.Status.Detail));
        await all.CancelAsync();
        foreach (var one in waiting)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        }
    }

    [Fact]
    public async Task A_coordinator_without_a_program_has_none()
    {
        using var none = new InspectionProcess([], ProcessLimits.Usual, NullLoggerFactory.Instance);

        Assert.Equal(StatusCode.Unimplemented, (await Assert.ThrowsAsync<RpcException>(() => none.AskAsync(new InspectionOrder(), default))).StatusCode);
    }

    private static InspectionProcess Shell(string script, TimeSpan? within = null) => new(["/bin/sh", "-c", script], ProcessLimits.Usual, NullLoggerFactory.Instance) { AnswerWithin = within ?? TimeSpan.FromMinutes(1) };

    private async Task AssertGoneAsync()
    {
        var id = (await File.ReadAllTextAsync(Path.Combine(_folder, "id"))).Trim();
        while (File.Exists($"/proc/{id}/status") && !(await File.ReadAllTextAsync($"/proc/{id}/status")).Contains("zombie", StringComparison.Ordinal))
        {
            await Task.Delay(10);
        }
    }
}
