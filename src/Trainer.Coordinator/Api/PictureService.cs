using Grpc.Core;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Limits;
using Trainer.Kernels.Data;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Api;

/// <summary>What a job's network has learnt and sees, as pictures, each made by an <see cref="InspectionProcess"/>.</summary>
internal sealed class PictureService(IJobStore store, JobArtifacts artifacts, ArtifactThreads asks, InspectionProcess process, ProcessLimits limits, CoordinatorOptions options) : Protos.PictureService.PictureServiceBase
{
    private const int MostSamples = 100;

    public override async Task<GetFiltersResponse> GetFilters(GetFiltersRequest request, ServerCallContext context) => request is { Epoch: > 0, Checkpoint.Length: > 0 }
        ? throw ApiErrors.InvalidField("checkpoint", "goes without epoch: give one of them")
        : (await AskAsync(request.Id, request.Epoch > 0 ? null : request.Checkpoint, new InspectionOrder { Filters = request }, context)).Filters;

    public override async Task<GetFeatureMapsResponse> GetFeatureMaps(GetFeatureMapsRequest request, ServerCallContext context) =>
        request.PictureCase == GetFeatureMapsRequest.PictureOneofCase.None
            ? throw ApiErrors.InvalidField("sample", "is needed, or upload: which image the model is to look at")
            : (await AskAsync(request.Id, request.Checkpoint, new InspectionOrder { FeatureMaps = request }, context)).FeatureMaps;

    public override async Task<GetSamplesResponse> GetSamples(GetSamplesRequest request, ServerCallContext context)
    {
        if (request.Count > MostSamples || request.Indices.Count > MostSamples)
        {
            throw ApiErrors.InvalidField(request.Count > MostSamples ? "count" : "indices", $"must be {MostSamples} at most, got {Math.Max(request.Count, (uint)request.Indices.Count)}");
        }

        return (await AskAsync(request.Id, checkpoint: null, new InspectionOrder { Samples = request }, context)).Samples;
    }

    /// <param name="checkpoint">Null: no weights are needed.</param>
    private async Task<InspectionAnswer> AskAsync(string id, string? checkpoint, InspectionOrder order, ServerCallContext context)
    {
        var stop = context.CancellationToken;
        var row = await store.FindAsync(id) ?? throw ApiErrors.NotFound(id);
        (order.Spec, order.Job, order.Artifacts) = (row.Spec, id, options.Artifacts);
        (order.DataCache, order.DataCacheBytes) = (KnownDataSet.CacheFolderOf(Hosting.Artifacts.DataSetCache.FolderName), (ulong)limits[ProcessLimits.DataCacheBytes]);
        if (checkpoint is not null)
        {
            order.State = await asks.RunAsync(() => StateOf(row, checkpoint), stop);
        }

        var answer = await process.AskAsync(order, stop);
        return answer.Refused switch
        {
            null => answer,
            { Field.Length: > 0 } wrong => throw ApiErrors.InvalidField(wrong.Field, wrong.Message),
            var refused => throw ApiErrors.NotInspectable(refused.Message),
        };
    }

    private InspectedState StateOf(JobRow row, string which)
    {
        if (which.Length == 0 && row.Result is { WeightsPath.Length: > 0 } result)
        {
            return new InspectedState { Step = row.Progress?.TotalSteps ?? 0, Input = { result.Input }, Classes = result.Classes };
        }

        var checkpoint = artifacts.Checkpoint(row, which.Length == 0 ? "last" : which);
        return new InspectedState { Hash = checkpoint.Hash, Step = checkpoint.Step, Input = { checkpoint.Input }, Classes = checkpoint.Classes };
    }
}
