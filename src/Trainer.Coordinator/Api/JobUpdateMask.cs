using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Api;

/// <summary>What UpdateJob may change: how many workers a job has.</summary>
internal static class JobUpdateMask
{
    private const string Min = "spec.cluster.min_workers";
    private const string Max = "spec.cluster.max_workers";

    // As the rules of job.proto have it.
    private const uint MostWorkers = 4096;

    /// <exception cref="Grpc.Core.RpcException">The mask names nothing, or what cannot be changed, or a value that is not given or out of range.</exception>
    public static ScaleJob ToScale(UpdateJobRequest request)
    {
        if (request.UpdateMask is not { Paths.Count: > 0 } mask)
        {
            throw ApiErrors.InvalidField("update_mask", $"is required: {Min}, {Max} or both");
        }

        var scale = new ScaleJob { Etag = request.Job.Etag };
        foreach (var path in mask.Paths)
        {
            var cluster = request.Job.Spec?.Cluster;
            switch (path)
            {
                case Min:
                    scale.MinWorkers = Workers(path, cluster is { HasMinWorkers: true } ? cluster.MinWorkers : 0);
                    break;
                case Max:
                    scale.MaxWorkers = Workers(path, cluster is { HasMaxWorkers: true } ? cluster.MaxWorkers : 0);
                    break;
                default:
                    throw ApiErrors.InvalidField("update_mask", $"'{path}' cannot be changed; what can is {Min} and {Max}");
            }
        }

        return scale;
    }

    private static uint Workers(string path, uint workers) =>
        workers is >= 1 and <= MostWorkers ? workers : throw ApiErrors.InvalidField($"job.{path}", $"must be 1 to {MostWorkers}, got {workers}");
}
