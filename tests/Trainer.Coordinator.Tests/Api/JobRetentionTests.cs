using System.Diagnostics;
using Trainer.Coordinator.Api;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Api;

/// <summary>What a coordinator does by itself about files of jobs that have ended.</summary>
public sealed class JobRetentionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Files_of_jobs_beyond_the_limit_go_by_themselves_those_of_the_newest_and_of_jobs_that_wait_stay()
    {
        await using var coordinator = await TestCoordinator.StartAsync(_folder.Path, change: options => options with { Retention = new RetentionPolicy(Jobs: 1) { Every = TimeSpan.FromSeconds(0.2) } });
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            ids.Add((await coordinator.Jobs.CreateJobAsync(new CreateJobRequest { Spec = SmallData.Spec(_folder.Path) })).Id);
            Directory.CreateDirectory(Path.GetDirectoryName(FileOf(ids[i]))!);
            File.WriteAllText(FileOf(ids[i]), "metrics");
        }

        await coordinator.Jobs.CancelJobAsync(new CancelJobRequest { Id = ids[0] });
        await coordinator.Jobs.CancelJobAsync(new CancelJobRequest { Id = ids[1] });

        for (var patience = Stopwatch.StartNew(); File.Exists(FileOf(ids[0])); await Task.Delay(20, TestContext.Current.CancellationToken))
        {
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(40), "Nothing was deleted.");
        }

        Assert.True(File.Exists(FileOf(ids[1])) && File.Exists(FileOf(ids[2])));
    }

    private string FileOf(string job) => Path.Combine(_folder.Path, "jobs", job, "metrics.jsonl");
}
