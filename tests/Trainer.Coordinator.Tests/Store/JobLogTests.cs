using System.Collections.Concurrent;
using Trainer.Coordinator.Store;

namespace Trainer.Coordinator.Tests.Store;

public sealed class JobLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Lines_are_in_the_store_soon_and_all_of_them_when_it_ends()
    {
        using var store = new SqliteAddress(_folder.Path).Open();
        await store.InsertAsync(Samples.Row());
        var log = new JobLog(store.AppendLogAsync);
        log.Append(Line(0));
        while ((await store.ReadLogAsync("j-1", 0, 10)).Count == 0)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        Enumerable.Range(1, 1200).ToList().ForEach(number => log.Append(Line(number)));
        await log.DisposeAsync();
        Assert.Equal(Enumerable.Range(0, 1201).Select(number => $"{number}"), (await store.ReadLogAsync("j-1", 0, 2000)).Select(entry => entry.Message));
    }

    [Fact]
    public async Task While_the_store_is_away_lines_wait_and_what_has_no_room_is_counted()
    {
        var (store, dropped) = (new Away(), 0);
        await using var log = new JobLog(store.AppendLogAsync, dropped: () => dropped++, mostLines: 3);
        log.Append(Line(0));
        await store.Tried.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Enumerable.Range(1, 5).ToList().ForEach(number => log.Append(Line(number)));
        Assert.Equal(2, dropped);

        store.IsAway = false;
        while (store.Written.Count < 5)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        Assert.Equal(["0", "1", "2", "3", "2 lines were left out here: the store did not keep up with them."], store.Written.Select(line => line.Message));
        Assert.Equal(["worker-1", "log"], store.Written.Select(line => line.Source).Distinct());
    }

    private static JobLogLine Line(int number) => new("j-1", "worker-1", $"{number}", Samples.Noon);

    private sealed class Away
    {
        public volatile bool IsAway = true;

        public TaskCompletionSource Tried { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ConcurrentQueue<JobLogLine> Written { get; } = new();

        public ValueTask AppendLogAsync(IReadOnlyList<JobLogLine> lines)
        {
            Tried.TrySetResult();
            if (IsAway)
            {
                throw new StoreException("away") { Fault = StoreFault.Unavailable };
            }

            lines.ToList().ForEach(Written.Enqueue);
            return default;
        }
    }
}
