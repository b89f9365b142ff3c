using System.Collections.Immutable;
using Google.Protobuf.WellKnownTypes;
using Trainer.Coordinator.Mlflow;
using Trainer.Coordinator.Outbox;
using Trainer.Coordinator.Store;
using Trainer.Coordinator.Tests.Store;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Mlflow;

/// <summary>Jobs of a real store, logged to a server that keeps to MLflow's documentation.</summary>
public sealed class MlflowLogTests : IAsyncLifetime
{
    private static readonly OutboxSettings Quick = new() { FollowEvery = TimeSpan.FromMilliseconds(1), FollowAtOnce = 1, AnswerWithin = TimeSpan.FromMinutes(1) };

    private readonly TemporaryFolder _folder = new();
    private readonly WrittenLog _log = new();
    private IJobStore _store = null!;
    private FakeMlflow _server = null!;
    private string _refused = "";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = new SqliteAddress(_folder.Path).Open();
        _server = await FakeMlflow.StartAsync(() => _refused);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _store.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_job_becomes_one_run_with_its_file_its_labels_and_its_metrics_however_often_the_coordinator_starts()
    {
        var row = await TrainAsync(Samples.Row() with { Creator = "ann", Labels = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create("team", "vision"), KeyValuePair.Create("mlflow.user", "eve")]) }, JobState.Running, steps: 7, epochs: 1);
        using (var first = Log())
        {
            Assert.Null(await TakeAsync(first, row));
            Assert.Null(await TakeAsync(first, row));
        }

        var run = Assert.Single(_server.Runs);
        Assert.Equal(("1", "lenet", "RUNNING", row.Created.ToUnixTimeMilliseconds()), (run.Experiment, run.Name, run.Status, run.Start));
        Assert.Equal([1, 2, 3, 4, 5], run.Steps("loss")); // Of the newest stretch nothing is said yet.
        Assert.Equal([1], run.Steps("train_loss"));
        Assert.Empty(run.Steps("gradient_norm"));
        Assert.Equal(("ann", "vision", "RUNNING", "j-1"), (run.Tags["mlflow.user"], run.Tags["team"], run.Tags["trainer.state"], run.Tags["trainer.job"]));
        Assert.Equal(("lenet", "0.9", "256", "fashion-mnist"), (run.Params["model.zoo"], run.Params["training.optimizer.sgd.lr"], run.Params["training.batch_size"], run.Params["data.dataset"]));

        row = await TrainAsync(row with { Ended = Samples.Noon.AddHours(1), Result = new Result { WeightsSha256 = "sum" }, Version = 2 }, JobState.Succeeded, steps: 11, epochs: 3);
        var batches = _server.Batches;
        using (var second = Log())
        {
            Assert.Null(await TakeAsync(second, row));
        }

        Assert.Same(run, Assert.Single(_server.Runs));
        Assert.Equal(Enumerable.Range(1, 11).Select(step => (long)step), run.Steps("loss"));
        Assert.Equal(("FINISHED", (long?)row.Ended!.Value.ToUnixTimeMilliseconds()), (run.Status, run.End));
        Assert.Equal([1, 2, 3], run.Steps("test_accuracy"));
        Assert.Equal("sum", run.Tags["trainer.weights_sha256"]);
        Assert.Equal(3, _server.Batches - batches); // Parameters, metrics, tags.
        Assert.All(_server.Received, request => Assert.Equal("Bearer secret", request.Headers["authorization"]));
    }

    [Fact]
    public async Task Large_jobs_go_in_batches_that_the_server_takes()
    {
        var row = Samples.Row();
        row.Spec.Model = new Model();
        for (var layer = 0; layer < 300; layer++)
        {
            row.Spec.Model.Layers.Add(new Layer { Linear = new Linear { OutFeatures = (uint)layer + 1, Bias = true } });
        }

        row.Spec.Data = new Data { Pushed = new string('p', 1000) };
        row = await TrainAsync(row with { Notes = new string('n', 3000) }, JobState.Succeeded, steps: 997, epochs: 0);
        using var log = Log();
        Assert.Null(await TakeAsync(log, row));

        var run = Assert.Single(_server.Runs);
        Assert.Equal(Enumerable.Range(1, 997).Select(step => (long)step), run.Steps("loss"));
        Assert.Equal(500, run.Params.Count);
        Assert.Equal(1000, run.Tags["mlflow.note.content"].Length);
    }

    [Fact]
    public async Task What_fails_half_way_is_neither_lost_nor_doubled()
    {
        var row = await TrainAsync(Samples.Row(), JobState.Succeeded, steps: 5, epochs: 2);
        var refusals = 0;
        for (var allowed = 0; ; allowed++)
        {
            var left = allowed;
            _server = await AgainAsync(() => left-- > 0 ? "" : "503");
            using var log = Log(); // With no connection to the server before.
            if (await TakeAsync(log, row) is not { } reason)
            {
                break;
            }

            Assert.Equal("it answers with status 503", reason);
            refusals++;
        }

        Assert.True(refusals >= 5, $"{refusals}");
        var run = Assert.Single(_server.Runs);
        Assert.Equal([1, 2, 3, 4, 5], run.Steps("loss"));
        Assert.Equal(2, run.Metrics.Count(metric => metric.Key == "train_loss"));
        Assert.Equal("FINISHED", run.Status);
    }

    [Fact]
    public async Task A_run_that_somebody_has_deleted_stays_so_and_a_later_job_of_the_id_gets_its_own()
    {
        var row = await TrainAsync(Samples.Row(), JobState.Cancelled, steps: 1, epochs: 0);
        using var log = Log();
        Assert.Null(await TakeAsync(log, row));
        _server.Runs[0].IsDeleted = true;
        Assert.Null(await TakeAsync(log, row));
        await _store.DeleteAsync(row.Id);
        Assert.Null(await TakeAsync(log, row));
        Assert.Single(_server.Runs);

        Assert.Null(await TakeAsync(log, await TrainAsync(Samples.Row(created: Samples.Noon.AddDays(1)), JobState.Queued, steps: 0, epochs: 0)));
        Assert.Equal(["KILLED", "SCHEDULED"], _server.Runs.Select(run => run.Status));
    }

    [Fact]
    public async Task Between_changes_of_its_state_a_job_that_trains_is_followed()
    {
        var row = await TrainAsync(Samples.Row(), JobState.Running, steps: 5, epochs: 0);
        using var log = Log();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        _refused = "500";
        var following = log.FollowAsync(stop.Token);
        await UntilAsync(() => _log.Of("test").Any());
        _refused = "";
        await UntilAsync(() => _server.Read(server => server.Runs.Count == 1 && server.Runs[0].Steps("loss").Count == 3));
        await TrainAsync(row with { Version = 2 }, JobState.Running, steps: 8, epochs: 0);
        await UntilAsync(() => _server.Read(server => server.Runs[0].Steps("loss").Count == 6));
        await stop.CancelAsync();
        await following;
        Assert.Equal("Runs of jobs that train are not logged to MLflow now: it answers with status 500.", _log.Of("test").First());
    }

    [Theory]
    [InlineData("not JSON", "its answer to experiments/get-by-name is not MLflow's")]
    [InlineData("{}", "its answer to runs is not MLflow's")]
    public async Task Who_is_no_tracking_server_is_told_so(string answer, string reason)
    {
        await using var other = await Outbox.OtherProgram.StartAsync((http, _) => http.Response.Body.WriteAsync(System.Text.Encoding.UTF8.GetBytes(answer)).AsTask());
        var row = await TrainAsync(Samples.Row(), JobState.Queued, steps: 0, epochs: 0);
        using var log = new MlflowLog(new MlflowTarget(other.Address, null, "trainer"), _store, Quick, TimeProvider.System, _log.CreateLogger("test"));
        Assert.Equal(reason, await TakeAsync(log, row));
    }

    [Theory]
    [InlineData("dapi123", "Bearer dapi123")]
    [InlineData("ann:secret", "Basic YW5uOnNlY3JldA==")]
    [InlineData("a,b\"c", "Bearer a,b\"c")]
    public void A_file_holds_a_token_or_a_user_with_a_password(string word, string header)
    {
        var target = new MlflowTarget(_server.Address, MlflowTarget.CredentialsOf(word), "jobs");
        Assert.Equal((header, $"jobs at {_server.Address}"), ($"{target.Credentials}", $"{target}"));
    }

    /// <summary>Its list is older than the end that was logged meanwhile.</summary>
    [Fact]
    public async Task A_run_that_has_ended_never_runs_again()
    {
        var row = await TrainAsync(Samples.Row(), JobState.Running, steps: 5, epochs: 0);
        var (lists, again) = (0, new TaskCompletionSource());
        MlflowLog? log = null;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        using var taken = log = Log(new StoreBeside(_store)
        {
            AfterList = async () =>
            {
                if (lists++ > 0)
                {
                    again.TrySetResult();
                    return;
                }

                await TrainAsync(row with { Ended = Samples.Noon.AddHours(1), Version = 2 }, JobState.Succeeded, steps: 5, epochs: 0);
                Assert.Null(await TakeAsync(log!, row));
            },
        });
        var following = log.FollowAsync(stop.Token);
        await again.Task.WaitAsync(Stop);
        await stop.CancelAsync();
        await following;
        Assert.Equal("FINISHED", Assert.Single(_server.Runs).Status);
    }

    [Fact]
    public async Task Steps_that_come_to_the_store_a_moment_after_a_jobs_end_are_logged()
    {
        var row = await TrainAsync(Samples.Row() with { Ended = Samples.Noon.AddHours(1) }, JobState.Succeeded, steps: 5, epochs: 0);
        var clock = new Clock(row.Ended!.Value.AddSeconds(0.5), () => TrainAsync(row, JobState.Succeeded, steps: 7, epochs: 0));
        using var log = Log(clock: clock);
        Assert.Null(await TakeAsync(log, row));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], Assert.Single(_server.Runs).Steps("loss"));
        Assert.Equal([TimeSpan.FromSeconds(1.5)], clock.Waited);
    }

    /// <summary>One that takes no parameters, since it has others.</summary>
    [Fact]
    public async Task A_run_that_the_server_refuses_holds_up_no_other()
    {
        var refused = Samples.Row("j-2", created: Samples.Noon.AddDays(1));
        _server.Runs.Add(new FakeMlflow.Run("odd", "0", "lenet", 0) { Tags = { ["trainer.job"] = "j-2", ["trainer.create_time"] = $"{refused.Created.ToUnixTimeMilliseconds()}" }, Params = { ["model.zoo"] = "other" } });
        await TrainAsync(refused, JobState.Running, steps: 5, epochs: 0);
        await TrainAsync(Samples.Row("j-1"), JobState.Running, steps: 5, epochs: 0);
        using var log = Log();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var following = log.FollowAsync(stop.Token);
        await UntilAsync(() => _server.Read(server => server.Runs.Count == 2 && server.Runs[1].Steps("loss").Count == 3));
        await UntilAsync(() => _log.Of("test").Any());
        await stop.CancelAsync();
        await following;
        Assert.Equal(["Runs of jobs that train are not logged to MLflow now: it answers with status 400 INVALID_PARAMETER_VALUE Changing param values is not allowed."], _log.Of("test"));
    }

    private MlflowLog Log(IJobStore? store = null, TimeProvider? clock = null) =>
        new(new MlflowTarget(_server.Address, MlflowTarget.CredentialsOf("secret"), "jobs"), store ?? _store, Quick, clock ?? TimeProvider.System, _log.CreateLogger("test"));

    private async Task<FakeMlflow> AgainAsync(Func<string> refuse)
    {
        var (port, runs) = (_server.Port, _server.Runs);
        await _server.DisposeAsync();
        return await FakeMlflow.StartAsync(refuse, port, runs);
    }

    private static Task<string?> TakeAsync(MlflowLog log, JobRow row) => log.TakeAsync(new Announcement(1, "id", row.Id, Samples.Noon, "{}"), Stop);

    private async Task<JobRow> TrainAsync(JobRow row, JobState state, uint steps, uint epochs)
    {
        row = row with { State = state, Epochs = [.. Enumerable.Range(1, (int)epochs).Select(epoch => Samples.Epoch((uint)epoch))] };
        await _store.InsertAsync(row);
        Assert.True(await _store.SaveAsync(row));
        await _store.AppendCurvesAsync([.. Enumerable.Range(1, (int)steps).SelectMany(step => new[] { false, true }.Select(high => new JobCurvePoint(row.Id, new CurvePoint
        {
            Stretch = (ulong)step - 1,
            High = high,
            Step = new StepMetrics { Step = (ulong)step, Epoch = 1, Loss = 1.0 / step, Time = Samples.Noon.AddSeconds(step).ToTimestamp() },
        })))]);
        return row;
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var deadline = DateTime.UtcNow.AddMinutes(1); !holds(); await Task.Delay(1, Stop))
        {
            Assert.True(DateTime.UtcNow < deadline);
        }
    }

    /// <summary>It stands still; whoever waits has waited once something else was done.</summary>
    private sealed class Clock(DateTimeOffset now, Func<Task> whileWaiting) : TimeProvider
    {
        public List<TimeSpan> Waited { get; } = [];

        public override DateTimeOffset GetUtcNow() => now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Waited.Add(dueTime);
            _ = FireAsync();
            return System.CreateTimer(_ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

            async Task FireAsync()
            {
                await whileWaiting();
                callback(state);
            }
        }
    }
}
