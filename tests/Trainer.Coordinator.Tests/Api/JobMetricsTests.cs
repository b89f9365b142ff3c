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
    private readonly JobMetrics _metrics;

    public JobMetricsTests()
    {
        _store = new SqliteAddress(Path.Combine(_folder.Path, "store")).Open();
        _metrics = new JobMetrics(_store, _threads, new JobArtifacts(_stores, Path.Combine(_folder.Path, "jobs")));
    }

    public void Dispose()
    {
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

    private static StepMetrics Step(ulong step, double loss) => new() { Step = step, Epoch = 1, Time = Timestamp.FromDateTimeOffset(Samples.Noon), Loss = loss };

    private async Task<List<double>> LossesAsync(QueryMetricsRequest request)
    {
        request.Id = "j-1";
        request.Metrics.Add("loss");
        var response = await _metrics.QueryAsync(request, TestContext.Current.CancellationToken);
        return [.. Assert.Single(response.Series).Points.Select(point => point.Value)];
    }
}
