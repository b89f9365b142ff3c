using Trainer.Cli.Local;
using Trainer.Cli.Tests.Fakes;
using Trainer.Protos;

namespace Trainer.Cli.Tests.Local;

/// <summary>Jobs that a stopped cluster has suspended, beside a coordinator that only pretends.</summary>
public sealed class ParkedJobsTests : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("trainer-").FullName;
    private readonly FakeApi _api = new() { Suspended = JobState.Suspended };
    private readonly List<string> _told = [];

    private string List => Path.Combine(_home, "parked.json");

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Fact]
    public async Task What_ran_is_resumed_once_and_leaves_the_list()
    {
        await using var cluster = await FakeCluster.StartAsync(_api, _home);
        var job = SampleJobs.Running(1, 9);
        _api.Jobs.Add(job);
        await Parked().SuspendAsync();
        Assert.Contains(job.Id, File.ReadAllText(List), StringComparison.Ordinal);

        await Parked().ResumeAsync(TestContext.Current.CancellationToken);
        Assert.Equal((JobState.Queued, false), (job.State, File.Exists(List)));
        Assert.EndsWith(" goes on: it ran when the cluster was stopped.", _told[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_ends_meanwhile_keeps_no_other_from_being_suspended()
    {
        await using var cluster = await FakeCluster.StartAsync(_api, _home);
        var (first, second) = (SampleJobs.Running(1, 9), SampleJobs.Running(2, 9));
        second.Id = "second";
        _api.Jobs.AddRange([first, second]);
        _api.EndsBefore = first.Id;
        await Parked().SuspendAsync();
        Assert.Equal((JobState.Running, JobState.Suspended), (first.State, second.State));
        Assert.Equal("""{"second":""}""", File.ReadAllText(List));
        Assert.Contains($"{first.Spec.Name} ({first.Id}) is not suspended: Job {first.Id} has ended: succeeded.", _told);
    }

    /// <summary>As it was written before it had etags.</summary>
    [Fact]
    public async Task A_list_of_ids_alone_is_read()
    {
        await using var cluster = await FakeCluster.StartAsync(_api, _home);
        var job = SampleJobs.Running(1, 9);
        _api.Jobs.Add(job);
        job.State = JobState.Suspended;
        File.WriteAllText(List, $"[\"{job.Id}\"]");
        await Parked().ResumeAsync(TestContext.Current.CancellationToken);
        Assert.Equal((JobState.Queued, false), (job.State, File.Exists(List)));
        File.WriteAllText(List, "[]");
        await Parked().ResumeAsync(TestContext.Current.CancellationToken);
        Assert.Single(_told);
    }

    /// <summary>Its user may have resumed it, and suspended it again, while it stood on the list.</summary>
    [Fact]
    public async Task What_has_changed_since_is_its_users_matter()
    {
        await using var cluster = await FakeCluster.StartAsync(_api, _home);
        var job = SampleJobs.Running(1, 9);
        _api.Jobs.Add(job);
        job.Etag = "5";
        await Parked().SuspendAsync();
        job.Etag = "7";

        await Parked().ResumeAsync(TestContext.Current.CancellationToken);
        Assert.Equal((JobState.Suspended, false), (job.State, File.Exists(List)));
        Assert.Equal($"Job {job.Id} ran when the cluster was stopped, and is not resumed: Job {job.Id} has changed: its etag is 7, the request says 5.", _told[^1]);
    }

    [Fact]
    public async Task A_list_that_cannot_be_read_is_told_of_and_stops_nothing()
    {
        await using var cluster = await FakeCluster.StartAsync(_api, _home);
        File.WriteAllText(List, "");
        await Parked().ResumeAsync(TestContext.Current.CancellationToken);
        Assert.Equal($"{List} has the jobs that ran when the cluster was stopped, and cannot be read: none of them is resumed. They are listed by: trainer jobs --state suspended", Assert.Single(_told));
    }

    private ParkedJobs Parked() => new(_home, Path.Combine(_home, "run"), _told.Add);
}
