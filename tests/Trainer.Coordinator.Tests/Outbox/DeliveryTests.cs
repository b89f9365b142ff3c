using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Google.Protobuf.WellKnownTypes;
using Trainer.Coordinator.Outbox;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Metrics;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Outbox;

/// <summary>How a receiver is told of what is in a real store's outbox.</summary>
public sealed class DeliveryTests : IDisposable
{
    private static readonly OutboxSettings Quick = new() { Poll = TimeSpan.FromMilliseconds(1), FirstPause = TimeSpan.FromMilliseconds(1), LongestPause = TimeSpan.FromMilliseconds(5) };

    private static readonly OutboxSettings Patient = Quick with { Patience = TimeSpan.FromDays(100_000) };

    private readonly TemporaryFolder _folder = new();
    private readonly IJobStore _store;
    private readonly WrittenLog _log = new();
    private readonly ControlMetrics _metrics = new();

    public DeliveryTests() => _store = new SqliteAddress(_folder.Path).Open(receivers: [ControlMetrics.Webhook]);

    public void Dispose()
    {
        _store.Dispose();
        _metrics.Dispose();
        _folder.Dispose();
    }

    /// <summary>Each change is refused twice, another job's for ever.</summary>
    [Fact]
    public async Task A_jobs_changes_come_in_order_however_often_they_are_refused_and_hold_up_no_other_job()
    {
        await CourseAsync("stuck", JobState.Queued);
        await CourseAsync("a", JobState.Queued, JobState.Starting, JobState.Running);
        await CourseAsync("b", JobState.Queued, JobState.Cancelled);
        var tries = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        var taken = new ConcurrentQueue<Announcement>();
        using var receiver = new Receiver(change =>
        {
            if (change.Job == "stuck" || tries.AddOrUpdate(change.Id, 1, (_, before) => before + 1) <= 2)
            {
                return "it is busy";
            }

            taken.Enqueue(change);
            return null;
        });

        await RunAsync(receiver, Patient, () => taken.Count == 5);

        Assert.Equal(["QUEUED", "STARTING", "RUNNING"], States(taken, "a"));
        Assert.Equal(["QUEUED", "CANCELLED"], States(taken, "b"));
        Assert.All(tries.Values, times => Assert.Equal(3, times));
        Assert.Equal(["stuck"], (await _store.ReadOutboxAsync(ControlMetrics.Webhook, 0, 10)).Select(change => change.Job));
        Assert.StartsWith("The webhook does not take what it is told of job ", _log.Of("test").First());
    }

    [Fact]
    public async Task However_many_jobs_wait_for_their_next_time_one_behind_them_is_told()
    {
        string[] stuck = ["stuck-1", "stuck-2", "stuck-3", "stuck-4", "stuck-5"];
        foreach (var id in stuck)
        {
            await CourseAsync(id, JobState.Queued);
        }

        var (refused, taken) = (new ConcurrentQueue<string>(), new ConcurrentQueue<Announcement>());
        using var receiver = new Receiver(change =>
        {
            if (stuck.Contains(change.Job))
            {
                refused.Enqueue(change.Job);
                return "it is busy";
            }

            taken.Enqueue(change);
            return null;
        });
        await CourseAsync("new", JobState.Queued);

        await RunAsync(receiver, Patient with { Page = 2, FirstPause = TimeSpan.FromDays(1), LongestPause = TimeSpan.FromDays(1) }, () => !taken.IsEmpty && refused.Count == stuck.Length);

        Assert.Equal("new", Assert.Single(taken).Job);
        Assert.Equal(stuck, refused.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_is_old_or_too_much_is_given_up_and_said()
    {
        await CourseAsync("a", JobState.Queued, JobState.Starting, JobState.Running);
        using var receiver = new Receiver(_ => "it is busy");
        await RunAsync(receiver, Patient with { Most = 2 }, () => _log.Of("test").Any(line => line.StartsWith("1 changes", StringComparison.Ordinal)));
        Assert.Contains("1 changes of jobs are given up, of which the webhook did not take word for 2400000 hours, or for which there was no room.", _log.Of("test"));
        Assert.Equal("STARTING", State(Assert.Single(await _store.ReadOutboxAsync(ControlMetrics.Webhook, 0, 10))));

        await RunAsync(receiver, Quick, () => _log.Of("test").Any(line => line.StartsWith("2 changes of jobs are given up", StringComparison.Ordinal)));
        Assert.Empty(await _store.ReadOutboxAsync(ControlMetrics.Webhook, 0, 10));
    }

    [Fact]
    public void Pauses_double_up_to_the_longest()
    {
        var settings = new OutboxSettings();
        Assert.Equal([1, 2, 4, 256, 300, 300], new[] { 1, 2, 3, 9, 10, 1000 }.Select(failures => settings.PauseAfter(failures).TotalSeconds));
    }

    private async Task RunAsync(IReceiver receiver, OutboxSettings settings, Func<bool> isDone)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var running = new Delivery(_store, receiver, settings, TimeProvider.System, _metrics, _log.CreateLogger("test")).RunAsync(stop.Token);
        for (var deadline = DateTime.UtcNow.AddMinutes(1); !isDone(); await Task.Delay(1))
        {
            Assert.True(DateTime.UtcNow < deadline, string.Join('\n', _log.All));
        }

        await stop.CancelAsync();
        await running;
    }

    // Changes of years ago.
    private async Task CourseAsync(string id, params JobState[] states)
    {
        var row = Samples.Row(id);
        foreach (var (number, state) in states.Index())
        {
            row = row with { State = state, Transitions = row.Transitions.Add(new Transition { State = state, Time = Samples.Noon.AddYears(-2).ToTimestamp(), Reason = "Because", Message = $"{number}" }) };
            if (number == 0)
            {
                await _store.InsertAsync(row);
            }
            else
            {
                Assert.True(await _store.SaveAsync(row));
            }
        }
    }

    private static IEnumerable<string> States(IEnumerable<Announcement> taken, string job) => taken.Where(change => change.Job == job).Select(State);

    private static string State(Announcement change) => (string)JsonNode.Parse(change.Body)!["data"]!["state"]!;

    private sealed class Receiver(Func<Announcement, string?> take) : IReceiver
    {
        public string Name => ControlMetrics.Webhook;

        public Task<string?> TakeAsync(Announcement change, CancellationToken stop) => Task.FromResult(take(change));

        public void Dispose()
        {
        }
    }
}
