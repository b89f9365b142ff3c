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

    [Fact]
    public void Only_what_the_mask_names_is_changed()
    {
        var scale = JobUpdateMask.ToScale(Request(2, 5, Max));
        Assert.Equal((false, true, 5u, "7"), (scale.HasMinWorkers, scale.HasMaxWorkers, scale.MaxWorkers, scale.Etag));
        var both = JobUpdateMask.ToScale(Request(2, 5, Min, Max));
        Assert.Equal((2u, 5u), (both.MinWorkers, both.MaxWorkers));
    }

    [Fact]
    public void A_mask_that_names_nothing_is_refused()
    {
        Refuses("update_mask", $"is required: {Min}, {Max} or both", Request(2, 5));
        var none = Request(2, 5);
        none.UpdateMask = null;
        Refuses("update_mask", $"is required: {Min}, {Max} or both", none);
    }

    [Theory]
    [InlineData("spec.training.batch_size")] // There, and fixed for good.
    [InlineData("spec.cluster.mim_workers")] // Nowhere.
    [InlineData("min_workers")]
    [InlineData("spec.cluster")]
    [InlineData("*")]
    [InlineData("")]
    public void What_cannot_be_changed_is_refused_by_its_path(string path) =>
        Refuses("update_mask", $"'{path}' cannot be changed; what can is {Min} and {Max}", Request(2, 5, Min, path));

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

    private static void Refuses(string field, string problem, UpdateJobRequest request)
    {
        var error = Assert.Throws<RpcException>(() => JobUpdateMask.ToScale(request));
        Assert.Equal((StatusCode.InvalidArgument, $"{field}: {problem}"), (error.StatusCode, error.Status.Detail));
        Assert.Equal((field, problem), (error.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations[0].Field, error.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations[0].Description));
    }

    private static UpdateJobRequest Request(uint min, uint max, params string[] paths) => new()
    {
        Job = new Job { Id = "j-1", Etag = "7", Spec = new JobSpec { Cluster = new ClusterSection { MinWorkers = min, MaxWorkers = max } } },
        UpdateMask = new FieldMask { Paths = { paths } },
    };
}
