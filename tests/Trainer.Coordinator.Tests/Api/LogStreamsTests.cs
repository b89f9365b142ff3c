using Grpc.Core;
using Trainer.Coordinator.Api;
using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Api;

/// <summary>Which entries of a job's log are told, and what is said where they are no longer there.</summary>
public sealed class LogStreamsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly IJobStore _store;

    public LogStreamsTests() => _store = new SqliteAddress(_folder.Path).Open();

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_level_chooses_its_entries_and_graver_ones()
    {
        await _store.InsertAsync(Samples.Row());
        await _store.AppendLogAsync([Line("a", LogSeverity.Info), Line("b", LogSeverity.Warn), Line("c", LogSeverity.Error), Line("d", LogSeverity.Info)]);

        Assert.Equal(["a", "b", "c", "d"], await MessagesAsync(new StreamLogsRequest()));
        Assert.Equal(["a", "b", "c", "d"], await MessagesAsync(new StreamLogsRequest { Level = LogSeverity.Info }));
        Assert.Equal(["b", "c"], await MessagesAsync(new StreamLogsRequest { Level = LogSeverity.Warn }));
        Assert.Equal(["c"], await MessagesAsync(new StreamLogsRequest { Level = LogSeverity.Error }));
        Assert.Equal(["c"], await MessagesAsync(new StreamLogsRequest { Level = LogSeverity.Warn, AfterSequence = 2 }));
    }

    [Fact]
    public async Task Entries_that_have_given_way_are_missed_by_whoever_asks_for_what_is_behind_one_that_has()
    {
        await _store.InsertAsync(Samples.Row());
        await _store.AppendLogAsync([.. Enumerable.Range(1, 10_010).Select(number => Line($"{number}", LogSeverity.Info))]);

        Assert.Equal(10_000, (await MessagesAsync(new StreamLogsRequest())).Count);
        Assert.Equal(10_000, (await MessagesAsync(new StreamLogsRequest { AfterSequence = 10 })).Count);
        var trimmed = await Assert.ThrowsAsync<RpcException>(() => MessagesAsync(new StreamLogsRequest { AfterSequence = 9 }));
        Assert.Equal(
            (StatusCode.OutOfRange, "The entries behind number 9 are no longer kept: the oldest of this job's log is 11. Begin again without after_sequence, or with 10."),
            (trimmed.StatusCode, trimmed.Status.Detail));
    }

    private static JobLogLine Line(string message, LogSeverity level) => new("j-1", "worker-1", message, Samples.Noon, level);

    private async Task<List<string>> MessagesAsync(StreamLogsRequest request)
    {
        request.Id = "j-1";
        return await new LogStreams(_store, new LogSignal()).ReadAsync(request, TestContext.Current.CancellationToken).Select(entry => entry.Message).ToListAsync();
    }
}
