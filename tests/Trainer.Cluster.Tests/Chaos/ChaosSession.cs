using Trainer.Protos;

namespace Trainer.Cluster.Tests.Chaos;

/// <summary>A cluster and a job of which it is known what comes of it undisturbed.</summary>
internal sealed class ChaosSession : IAsyncDisposable
{
    private readonly ChaosCluster _cluster;
    private readonly Func<string, string> _write;
    private readonly Action<string> _tell;
    private string _expected = "";
    private ulong _samples;

    private ChaosSession(ChaosCluster cluster, Func<string, string> write, Action<string> tell) => (_cluster, _write, _tell) = (cluster, write, tell);

    public double UndisturbedSeconds { get; private set; }

    public double UndisturbedSamplesPerSecond => _samples / UndisturbedSeconds;

    /// <param name="write">Writes the job's file into a folder, and returns its path.</param>
    public static async Task<ChaosSession> BeginAsync(int workers, Func<string, string> write, Action<string> tell)
    {
        var session = new ChaosSession(await ChaosCluster.UpAsync(workers), write, tell);
        try
        {
            var (job, journal, _) = await session.TrainAsync([], awaitsMoments: false);
            session._expected = job.Result?.WeightsSha256 ?? throw new InvalidOperationException($"The undisturbed job ended {job.State}: {job.Message}");
            session._samples = journal.Aggregate(0UL, (sum, entry) => sum + entry.Samples);
            session.UndisturbedSeconds = (job.EndTime.ToDateTimeOffset() - job.StartTime.ToDateTimeOffset()).TotalSeconds;
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    public async Task<ChaosReport> RunAsync(IEnumerable<Fault> faults, bool awaitsMoments = true)
    {
        var (job, journal, run) = await TrainAsync(faults, awaitsMoments);
        return ChaosReport.Of(job, journal, run.Struck, run.Watch, _expected, _samples);
    }

    /// <summary>As <see cref="RunAsync"/>, with faults at moments alone; the workers that strike themselves are there before the job.</summary>
    public async Task<ChaosReport> RunArmedAsync(IEnumerable<Fault> faults)
    {
        var armed = faults.Select(fault => ArmedWorker.Join(_cluster, fault)).ToList();
        await _cluster.ListedAsync(armed.Select(worker => worker.Name));
        var (job, journal, run) = await TrainAsync([], awaitsMoments: false, armed);
        return ChaosReport.Of(job, journal, run.Struck, run.Watch, _expected, _samples);
    }

    /// <summary>The ends of all logs.</summary>
    public string Logs => _cluster.Logs;

    public string Home => _cluster.Home;

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private async Task<(Job Job, IReadOnlyList<JournalEntry> Journal, (IReadOnlyList<StruckFault> Struck, JobWatch Watch) Run)> TrainAsync(
        IEnumerable<Fault> faults, bool awaitsMoments, IReadOnlyList<ArmedWorker>? armed = null)
    {
        var id = await _cluster.SubmitAsync(_write(_cluster.Home));
        await using var watch = new JobWatch(_cluster.Address, id);
        var run = new ChaosRun(_cluster, watch, _tell, awaitsMoments);
        foreach (var worker in armed ?? [])
        {
            run.Expect(worker);
        }

        try
        {
            await run.StrikeAsync(faults);
        }
        finally
        {
            await _cluster.EndJoinedAsync();
        }

        return (watch.Latest, await _cluster.JournalAsync(id), (run.Struck, watch));
    }
}
