using System.Collections.Immutable;
using Trainer.Coordinator.Scheduling;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Scheduling;

public sealed class WorkersWantedTests
{
    [Fact]
    public void Without_jobs_nobody_is_wanted_of_any_kind() =>
        Assert.Equal([("any", 0), ("cpu", 0), ("cuda", 0), ("opencl", 0)], Of(Quotas.None).Select(kind => (kind.Key, kind.Value)));

    [Fact]
    public void Jobs_want_all_that_they_could_use_of_the_kind_that_they_ask_for()
    {
        var wanted = Of(Quotas.None, Job("a", 1, 5), Job("b", 2, 3, "cuda"), Job("c", 1, 7, "auto"), Job("d", 11, 11, "cuda"));

        Assert.Equal((12, 0, 14, 0), (wanted["any"], wanted["cpu"], wanted["cuda"], wanted["opencl"]));
    }

    [Fact]
    public void Jobs_of_a_user_want_no_more_than_the_quota_minimums_first_by_priority()
    {
        var quotas = new Quotas(7, Quotas.None.ByUser.Add("ada", 5));

        var wanted = Of(
            quotas,
            Job("a", 2, 13, "cpu", "ada"),
            Job("b", 2, 13, "cuda", "ada", priority: 1), // Has the one that is left.
            Job("c", 3, 3, "opencl", "ada"), // For its minimum there is no room.
            Job("d", 1, 11, user: "bob"));

        Assert.Equal((7, 2, 3, 0), (wanted["any"], wanted["cpu"], wanted["cuda"], wanted["opencl"]));
    }

    private static ImmutableSortedDictionary<string, int> Of(Quotas quotas, params JobWanted[] jobs) => WorkersWanted.Of(jobs.Select(job => new AllocatedJob(job, null)), quotas);

    private static JobWanted Job(string name, uint least, uint most, string device = "", string user = "", int priority = 0) =>
        new() { Job = name, MinWorkers = least, MaxWorkers = most, Device = device, User = user, Priority = priority };
}
