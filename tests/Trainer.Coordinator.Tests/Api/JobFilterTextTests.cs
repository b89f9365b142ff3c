using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Trainer.Coordinator.Api;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Api;

public sealed class JobFilterTextTests
{
    private static readonly Job Job = new()
    {
        Spec = new JobSpec { Name = "lenet" },
        State = JobState.Running,
        Creator = "ann",
        CreateTime = Samples.Noon.ToTimestamp(),
        Labels = { ["team"] = "vision", ["app/name"] = "two \"words\"" },
    };

    [Theory]
    [InlineData("", true)]
    [InlineData("  ", true)]
    [InlineData("state = RUNNING", true)]
    [InlineData("state=running", true)]
    [InlineData("state != RUNNING", false)]
    [InlineData("name = lenet AND creator = ann", true)]
    [InlineData("name = lenet AND creator != ann", false)]
    [InlineData("labels.team = vision", true)]
    [InlineData("labels.team != \"vision\"", false)]
    [InlineData("labels.team = Vision", false)]
    [InlineData("labels.none = \"\"", true)]
    [InlineData("labels.\"app/name\" = \"two \\\"words\\\"\"", true)]
    [InlineData("labels.app/name != x", true)]
    [InlineData("create_time >= 2026-03-01T12:00:00.125Z", true)]
    [InlineData("create_time > \"2026-03-01T12:00:00.125Z\"", false)]
    [InlineData("create_time<2026-03-02 AND create_time>2026-03-01", true)]
    [InlineData("create_time <= 2026-03-01T14:00:00+02:00", false)]
    public void A_filter_holds_or_not(string filter, bool holds) => Assert.Equal(holds, JobFilterText.Read(filter).Holds(Job));

    [Theory]
    [InlineData("status = RUNNING", "there is no field 'status': expected state, name, creator, create_time or labels.KEY (at character 8 of 'status = RUNNING')")]
    [InlineData("state", "expected =, !=, <, <=, > or >= behind 'state' (at character 5 of 'state')")]
    [InlineData("state =", "expected a value, got the end (at character 7 of 'state =')")]
    [InlineData("state = BUSY", "state: expected QUEUED, STARTING, RUNNING, RECOVERING, SUSPENDING, SUSPENDED, CANCELLING, SUCCEEDED, FAILED or CANCELLED, got 'BUSY' (at character 12 of 'state = BUSY')")]
    [InlineData("state = 3", "state: expected QUEUED, STARTING, RUNNING, RECOVERING, SUSPENDING, SUSPENDED, CANCELLING, SUCCEEDED, FAILED or CANCELLED, got '3' (at character 9 of 'state = 3')")]
    [InlineData("name > a", "'name' can be compared by = and != alone (at character 6 of 'name > a')")]
    [InlineData("name = a OR name = b", "expected AND between conditions, got 'OR'; OR, NOT and parentheses are not supported (at character 11 of 'name = a OR name = b')")]
    [InlineData("name = a AND ", "expected a condition behind AND (at character 13 of 'name = a AND ')")]
    [InlineData("(name = a)", "expected state, name, creator, create_time or labels.KEY, got '(' (at character 0 of '(name = a)')")]
    [InlineData("name = \"a", "a quotation mark is not closed (at character 9 of 'name = \"a')")]
    [InlineData("labels.Team = a", "'Team' is no label's key: expected 1 to 63 lower-case letters, digits and '-', '_', '.' or '/' between them (at character 13 of 'labels.Team = a')")]
    [InlineData("create_time > noon", "create_time: expected a time as 2026-01-31T12:00:00Z, got 'noon' (at character 18 of 'create_time > noon')")]
    public void One_that_says_nothing_is_refused_with_the_place(string filter, string problem)
    {
        var error = Assert.Throws<RpcException>(() => JobFilterText.Read(filter));
        Assert.Equal((StatusCode.InvalidArgument, $"filter: {problem}"), (error.StatusCode, error.Status.Detail));
    }
}
