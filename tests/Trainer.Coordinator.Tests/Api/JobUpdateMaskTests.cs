using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Trainer.Coordinator.Api;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Api;

/// <summary>What UpdateJob takes, before any job is asked.</summary>
public sealed class JobUpdateMaskTests
{
    private const string Min = "spec.cluster.min_workers";
    private const string Max = "spec.cluster.max_workers";
    private const string All = $"{Min}, {Max}, spec.cluster.priority, notes, labels and labels.KEY";

    [Fact]
    public void Only_what_the_mask_names_is_changed()
    {
        var scale = JobUpdateMask.ToChange(Request(2, 5, Max));
        Assert.Equal((false, true, 5u, "7"), (scale.HasMinWorkers, scale.HasMaxWorkers, scale.MaxWorkers, scale.Etag));
        var both = JobUpdateMask.ToChange(Request(2, 5, Min, Max));
        Assert.Equal((2u, 5u), (both.MinWorkers, both.MaxWorkers));
    }

    [Fact]
    public void A_mask_that_names_nothing_is_refused()
    {
        Refuses("update_mask", $"is required: one or more of {All}", Request(2, 5));
        var none = Request(2, 5);
        none.UpdateMask = null;
        Refuses("update_mask", $"is required: one or more of {All}", none);
    }

    [Theory]
    [InlineData("spec.training.batch_size")] // There, and fixed for good.
    [InlineData("spec.cluster.mim_workers")] // Nowhere.
    [InlineData("min_workers")]
    [InlineData("spec.cluster")]
    [InlineData("*")]
    [InlineData("")]
    public void What_cannot_be_changed_is_refused_by_its_path(string path) =>
        Refuses("update_mask", $"'{path}' cannot be changed; what can is {All}", Request(2, 5, Min, path));

    [Theory]
    [InlineData(0)]
    [InlineData(4097)]
    public void A_number_out_of_range_is_refused(uint workers)
    {
        Refuses($"job.{Min}", $"must be 1 to 4096, got {workers}", Request(workers, 5, Min));
        Refuses($"job.{Max}", $"must be 1 to 4096, got {workers}", Request(1, workers, Max));
    }

    [Fact]
    public void A_value_that_is_not_given_is_refused()
    {
        var request = Request(2, 5, Max);
        request.Job.Spec.Cluster.ClearMaxWorkers();
        Refuses($"job.{Max}", "must be 1 to 4096, got 0", request);
        request.Job.Spec = null;
        Refuses($"job.{Max}", "must be 1 to 4096, got 0", request);
    }

    [Fact]
    public void Labels_are_set_one_by_one_or_all_at_once()
    {
        var request = Request(2, 5, "labels.team", "labels.gone", "notes", "spec.cluster.priority");
        (request.Job.Notes, request.Job.Spec.Cluster.Priority) = ("words", -7);
        request.Job.Labels.Add("team", "vision");
        request.Job.Labels.Add("other", "is not named");
        var change = JobUpdateMask.ToChange(request);
        Assert.Equal(("words", -7, false), (change.Notes, change.Priority, change.ReplaceLabels));
        Assert.Equal([("gone", ""), ("team", "vision")], change.Labels.Select(label => (label.Key, label.Value)).Order());

        request.UpdateMask = new FieldMask { Paths = { "labels" } };
        change = JobUpdateMask.ToChange(request);
        Assert.Equal((true, false, false, 2), (change.ReplaceLabels, change.HasNotes, change.HasPriority, change.Labels.Count));
    }

    [Fact]
    public void Labels_notes_and_priority_out_of_bounds_are_refused()
    {
        var key = Request(2, 5, "labels.Team");
        Refuses("job.labels", "a key must be 1 to 63 lower-case letters, digits and '-', '_', '.' or '/' between them, got 'Team'", key);
        var value = Request(2, 5, "labels.team");
        value.Job.Labels.Add("team", "two\nlines");
        Refuses("job.labels.team", "must be 255 characters at most, without line breaks, got 9, with control characters", value);
        var notes = Request(2, 5, "notes");
        notes.Job.Notes = new string('x', 16385);
        Refuses("job.notes", "must be 16384 characters at most, got 16385", notes);
        var priority = Request(2, 5, "spec.cluster.priority");
        priority.Job.Spec.Cluster.Priority = 1001;
        Refuses("job.spec.cluster.priority", "must be -1000 to 1000, got 1001", priority);
    }

    private static void Refuses(string field, string problem, UpdateJobRequest request)
    {
        var error = Assert.Throws<RpcException>(() => JobUpdateMask.ToChange(request));
        Assert.Equal((StatusCode.InvalidArgument, $"{field}: {problem}"), (error.StatusCode, error.Status.Detail));
        Assert.Equal((field, problem), (error.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations[0].Field, error.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations[0].Description));
    }

    private static UpdateJobRequest Request(uint min, uint max, params string[] paths) => new()
    {
        Job = new Job { Id = "j-1", Etag = "7", Spec = new JobSpec { Cluster = new ClusterSection { MinWorkers = min, MaxWorkers = max } } },
        UpdateMask = new FieldMask { Paths = { paths } },
    };
}
