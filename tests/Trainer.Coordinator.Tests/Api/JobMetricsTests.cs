using Google.Protobuf.WellKnownTypes;
using Trainer.Coordinator.Api;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Limits;
using Trainer.Hosting.Steps;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Api;

/// <summary>A curve outlives the files that it comes from.</summary>
public sealed class JobMetricsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly IJobStore _store;
    private readonly CheckThreads _threads = new(ProcessLimits.Usual);
    private readonly ArtifactStores _stores = new(() => throw new InvalidOperationException("There is no bucket here."));
    private readonly StepSummaries _summaries = new();
    private readonly JobMetrics _metrics;

    public JobMetricsTests()
    {
        _store = new SqliteAddress(Path.Combine(_folder.Path, "store")).Open();
        _metrics = new JobMetrics(_store, _threads, new JobArtifacts(_stores, Path.Combine(_folder.Path, "jobs")), _summaries);
    }

    public void Dispose()
    {
        _summaries.Dispose();
        _threads.Dispose();
        _store.Dispose();
        _stores.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Where_there_is_no_record_any_more_curves_are_of_what_the_store_keeps()
    {
        await _store.InsertAsync(Samples.Row());
        await _store.AppendCurvesAsync([.. Enumerable.Range(1, 9).Select(step => new JobCurvePoint("j-1", new CurvePoint { Stretch = (ulong)step, Step = Step((ulong)step, loss: step) }))]);
        Assert.Equal(Enumerable.Range(1, 9).Select(step => (double)step), await LossesAsync(new QueryMetricsRequest()));
        Assert.Equal([4.0, 5, 6], await LossesAsync(new QueryMetricsRequest { FirstStep = 4, LastStep = 6 }));

        new StepWriter(new FolderStore(Path.Combine(_folder.Path, "jobs", "j-1")), 1, 1).Append([StepRecord.Of(Step(1, loss: 77))]);
        Assert.Equal([77.0], await LossesAsync(new QueryMetricsRequest()));
        Directory.Delete(Path.Combine(_folder.Path, "jobs"), recursive: true);
        Assert.Equal(9, (await LossesAsync(new QueryMetricsRequest())).Count);
        File.WriteAllText(Path.Combine(_folder.Path, "jobs"), "A file where the folder was: nothing in it can be read.");
        Assert.Equal(9, (await LossesAsync(new QueryMetricsRequest())).Count);
    }

    /// <summary>Which steps are told does not depend on how they were read; once there is a summary the files are read no more.</summary>
    [Fact]
    public async Task Long_curves_are_read_from_summaries_which_are_made_behind_whoever_missed_them()
    {
        await _store.InsertAsync(Samples.Row());
        var record = new FolderStore(Path.Combine(_folder.Path, "jobs", "j-1"));
        var writer = new StepWriter(record, 1, 1);
        foreach (var steps in Enumerable.Range(1, 40_009).Chunk(4096))
        {
            writer.Append([.. steps.Select(step => StepRecord.Of(Step((ulong)step, loss: Math.Sin(0.01 * step * step))))]);
        }

        var request = new QueryMetricsRequest { MaxPoints = 301 };
        var before = await LossesAsync(request);
        Assert.InRange(before.Count, 250, 301);
        Assert.True(SpinWait.SpinUntil(() => record.List("steps").Count(file => file.Key.EndsWith(".extremes", StringComparison.Ordinal)) == 2, TimeSpan.FromMinutes(1)));
        foreach (var file in new[] { "1.1.csv", "1.1-2.csv" }.Select(name => new FileInfo(Path.Combine(_folder.Path, "jobs", "j-1", "steps", name))))
        {
            var (head, written) = (File.ReadLines(file.FullName).Take(2).ToList(), file.LastWriteTimeUtc);
            var spoilt = string.Join('\n', head) + "\n";
            File.WriteAllText(file.FullName, spoilt + new string('x', (int)file.Length - spoilt.Length));
            file.LastWriteTimeUtc = written;
        }

        Assert.Equal(before, await LossesAsync(request));
    }

    private static StepMetrics Step(ulong step, double loss) => new() { Step = step, Epoch = 1, Time = Timestamp.FromDateTimeOffset(Samples.Noon), Loss = loss };

    private async Task<List<double>> LossesAsync(QueryMetricsRequest request)
    {
        request.Id = "j-1";
        request.Metrics.Clear();
        request.Metrics.Add("loss");
        var response = await _metrics.QueryAsync(request, TestContext.Current.CancellationToken);
        return [.. Assert.Single(response.Series).Points.Select(point => point.Value)];
    }
}
