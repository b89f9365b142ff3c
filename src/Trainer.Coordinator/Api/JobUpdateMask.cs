using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Api;

/// <summary>What UpdateJob may change: how many workers a job has, how urgent it is, and what its user says of it.</summary>
internal static class JobUpdateMask
{
    private const string Min = "spec.cluster.min_workers";
    private const string Max = "spec.cluster.max_workers";
    private const string Priority = "spec.cluster.priority";
    private const string Notes = "notes";
    private const string Labels = "labels";
    private const string All = $"{Min}, {Max}, {Priority}, {Notes}, {Labels} and {Labels}.KEY";

    // As the rules of job.proto have it.
    private const uint MostWorkers = 4096;
    private const int HighestPriority = 1000;

    /// <exception cref="Grpc.Core.RpcException">The mask names nothing, or what cannot be changed, or a value that is not given or out of range.</exception>
    public static ChangeJob ToChange(UpdateJobRequest request)
    {
        if (request.UpdateMask is not { Paths.Count: > 0 } mask)
        {
            throw ApiErrors.InvalidField("update_mask", $"is required: one or more of {All}");
        }

        var change = new ChangeJob { Etag = request.Job.Etag };
        foreach (var path in mask.Paths)
        {
            Take(change, request.Job, path);
        }

        return change;
    }

    private static void Take(ChangeJob change, Job job, string path)
    {
        var cluster = job.Spec?.Cluster;
        switch (path)
        {
            case Min:
                change.MinWorkers = Workers(path, cluster is { HasMinWorkers: true } ? cluster.MinWorkers : 0);
                break;
            case Max:
                change.MaxWorkers = Workers(path, cluster is { HasMaxWorkers: true } ? cluster.MaxWorkers : 0);
                break;
            case Priority:
                change.Priority = Urgency(path, cluster is { HasPriority: true } ? cluster.Priority : 0);
                break;
            case Notes:
                change.Notes = LabelRules.CheckNotes("job.notes", job.Notes);
                break;
            case Labels:
                LabelRules.CheckAll("job.labels", job.Labels);
                change.ReplaceLabels = true;
                change.Labels.MergeFrom(job.Labels);
                break;
            case var _ when path.StartsWith(Labels + ".", StringComparison.Ordinal):
                Label(change, job, path[(Labels.Length + 1)..]);
                break;
            default:
                throw ApiErrors.InvalidField("update_mask", $"'{path}' cannot be changed; what can is {All}");
        }
    }

    private static void Label(ChangeJob change, Job job, string key)
    {
        var value = job.Labels.TryGetValue(key, out var given) ? given : "";
        LabelRules.Check("job.labels", key, value);
        change.Labels[key] = value;
    }

    private static uint Workers(string path, uint workers) =>
        workers is >= 1 and <= MostWorkers ? workers : throw ApiErrors.InvalidField($"job.{path}", $"must be 1 to {MostWorkers}, got {workers}");

    private static int Urgency(string path, int priority) =>
        priority is >= -HighestPriority and <= HighestPriority ? priority : throw ApiErrors.InvalidField($"job.{path}", $"must be {-HighestPriority} to {HighestPriority}, got {priority}");
}
