using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using Trainer.Cluster.Tests.Chaos;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;
using Trainer.Coordinator.Tests.Store;
using Trainer.Protos;

namespace Trainer.Cluster.Tests.Durable;

/// <summary>A cluster's life for some minutes: submits, cancels, suspensions and resumptions of a user, while workers and coordinators are killed. What was acknowledged is so at the end, and weights are those of an undisturbed job.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class LifeTests(ITestOutputHelper output)
{
    private const int MostActive = 12;

    private static readonly TimeSpan BetweenKills = TimeSpan.FromSeconds(8);

    private readonly Random _random = new(20261129);
    private readonly SortedDictionary<string, List<double>> _calls = new(StringComparer.Ordinal);
    private readonly HashSet<string> _cancelled = new(StringComparer.Ordinal);
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly List<string> _jobs = [];

    /// <summary>TRAINER_SOAK_MINUTES=10 for the table in docs/reliability.md.</summary>
    private static TimeSpan Length => TimeSpan.FromMinutes(double.Parse(Environment.GetEnvironmentVariable("TRAINER_SOAK_MINUTES") ?? "1", CultureInfo.InvariantCulture));

    [Fact]
    public async Task With_one_coordinator_on_SQLite()
    {
        await using var cluster = await Coordinators.StartAsync(coordinators: 1, workers: 3, store: null);
        await LiveAsync(cluster);
    }

    [Fact]
    public async Task With_three_coordinators_on_PostgreSQL()
    {
        await using var postgres = await PostgresServer.StartAsync();
        Assert.SkipWhen(postgres is null, PostgresServer.Missing);
        await using var cluster = await Coordinators.StartAsync(coordinators: 3, workers: 3, postgres.NewDatabase());
        await LiveAsync(cluster);
    }

    private async Task LiveAsync(Coordinators cluster)
    {
        var file = new TinyJob(Epochs: 60) { CheckpointSeconds = 2 }.Write(cluster.Home);
        var undisturbed = await cluster.EndAsync(0, await cluster.SubmitAsync(file));
        var (clock, killed, kills) = (Stopwatch.StartNew(), TimeSpan.Zero, new SortedDictionary<string, int>(StringComparer.Ordinal));
        while (clock.Elapsed < Length)
        {
            await ActAsync(cluster, file);
            if (clock.Elapsed - killed > BetweenKills)
            {
                killed = clock.Elapsed;
                var isWorker = _random.Next(2) == 0;
                Signals.Kill(isWorker ? cluster.Worker(_random.Next(3)) : cluster.Coordinator(_random.Next(cluster.Count)));
                kills[isWorker ? "worker" : "coordinator"] = kills.GetValueOrDefault(isWorker ? "worker" : "coordinator") + 1;
            }
        }

        await cluster.WholeAsync();
        foreach (var id in _jobs)
        {
            await AskAsync(cluster, "resume", (jobs, options) => jobs.ResumeJobAsync(new ResumeJobRequest { Id = id }, options).ResponseAsync); // Whatever is suspended is to come to its end.
        }

        var ended = new List<Job>();
        foreach (var id in _jobs)
        {
            var job = await cluster.EndAsync(0, id);
            var isRight = job.State == JobState.Cancelled ? _asked.Contains(id) : job.State == JobState.Succeeded && !_cancelled.Contains(id) && job.Result.WeightsSha256 == undisturbed.Result.WeightsSha256;
            Assert.True(isRight, $"{job}\n{cluster.Logs()}");
            ended.Add(job);
        }

        Tell(ended, kills);
    }

    private async Task ActAsync(Coordinators cluster, string file)
    {
        var active = (await ActiveAsync(cluster)).ToList();
        var one = active.Count > 0 ? active[_random.Next(active.Count)] : "";
        switch (_random.Next(8))
        {
            case 0 when one.Length > 0:
                _asked.Add(one);
                if (await AskAsync(cluster, "cancel", (jobs, options) => jobs.CancelJobAsync(new CancelJobRequest { Id = one }, options).ResponseAsync))
                {
                    _cancelled.Add(one);
                }

                break;
            case 1 when one.Length > 0:
                await AskAsync(cluster, "suspend", (jobs, options) => jobs.SuspendJobAsync(new SuspendJobRequest { Id = one }, options).ResponseAsync);
                break;
            case 2 or 3 when one.Length > 0:
                await AskAsync(cluster, "resume", (jobs, options) => jobs.ResumeJobAsync(new ResumeJobRequest { Id = one }, options).ResponseAsync);
                break;
            default:
                if (active.Count < MostActive)
                {
                    var (spec, request, id) = (JobFile.Parse(await File.ReadAllTextAsync(file), file), Guid.NewGuid().ToString(), "");
                    await AskAsync(cluster, "submit", async (jobs, options) => id = (await jobs.CreateJobAsync(new CreateJobRequest { Spec = spec, RequestId = request }, options)).Id);
                    _jobs.Add(id);
                }

                break;
        }
    }

    private async Task<IEnumerable<string>> ActiveAsync(Coordinators cluster)
    {
        IEnumerable<string> active = [];
        var next = 0;
        await cluster.UntilAsync(async () =>
        {
            var page = await cluster.Jobs(next++ % cluster.Count).ListJobsAsync(new ListJobsRequest { PageSize = 1000, View = JobView.Basic }, deadline: Soon);
            active = page.Jobs.Where(job => job.EndTime is null).Select(job => job.Id);
            return true;
        });
        return active.Intersect(_jobs, StringComparer.Ordinal);
    }

    /// <summary>Asks one coordinator after the other until one says yes or no; false: no, since the job has ended meanwhile, or is not as it must be.</summary>
    private async Task<bool> AskAsync(Coordinators cluster, string what, Func<JobService.JobServiceClient, CallOptions, Task> ask)
    {
        var (isYes, next, clock) = (true, 0, Stopwatch.StartNew());
        await cluster.UntilAsync(async () =>
        {
            try
            {
                await ask(cluster.Jobs(next++ % cluster.Count), new CallOptions(deadline: Soon));
            }
            catch (RpcException no) when (no.StatusCode == StatusCode.FailedPrecondition)
            {
                isYes = false;
            }

            return true;
        });
        (_calls.TryGetValue(what, out var times) ? times : _calls[what] = []).Add(clock.Elapsed.TotalMilliseconds);
        return isYes;
    }

    private static DateTime Soon => DateTimeOffset.UtcNow.AddSeconds(8).UtcDateTime;

    private void Tell(List<Job> ended, IEnumerable<KeyValuePair<string, int>> kills)
    {
        output.WriteLine($"{Length.TotalMinutes:f0} min: {ended.Count} jobs, {ended.Count(job => job.State == JobState.Succeeded)} succeeded with the undisturbed weights, {ended.Count(job => job.State == JobState.Cancelled)} cancelled as asked; killed: {string.Join(", ", kills.Select(kill => $"{kill.Key} {kill.Value} times"))}");
        foreach (var (what, times) in _calls)
        {
            times.Sort();
            output.WriteLine($"| {what} | {times.Count} | {times[times.Count / 2]:f0} | {times[times.Count * 99 / 100]:f0} | {times[^1]:f0} |");
        }
    }
}
