using Grpc.Core;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Files;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Api;

/// <summary>What a job's network has learnt and sees, as pictures, each made by an <see cref="InspectionProcess"/>.</summary>
internal sealed class PictureService(
    IJobStore store, JobArtifacts artifacts, ArtifactThreads asks, DataCatalog catalog, CheckThreads checks, FileRoots files, InspectionProcess process) : Protos.PictureService.PictureServiceBase
{
    private const int MostSamples = 100;
    private const string Last = "last";

    public override async Task<GetFiltersResponse> GetFilters(GetFiltersRequest request, ServerCallContext context) => request is { Epoch: > 0, Checkpoint.Length: > 0 }
        ? throw ApiErrors.InvalidField("checkpoint", "goes without epoch: give one of them")
        : (await AskAsync(request.Id, request.Epoch > 0 ? null : request.Checkpoint, new InspectionOrder { Filters = request }, context)).Filters;

    public override async Task<GetFeatureMapsResponse> GetFeatureMaps(GetFeatureMapsRequest request, ServerCallContext context) =>
        request.PictureCase == GetFeatureMapsRequest.PictureOneofCase.None
            ? throw ApiErrors.InvalidField("sample", "is needed, or upload: which image the model is to look at")
            : (await AskAsync(request.Id, request.Checkpoint, new InspectionOrder { FeatureMaps = request }, context)).FeatureMaps;

    public override async Task<GetSamplesResponse> GetSamples(GetSamplesRequest request, ServerCallContext context)
    {
        Check("count", request.Count, MostSamples);
        Check("indices", (uint)request.Indices.Count, MostSamples);
        Check("epoch", request.Epoch, int.MaxValue);
        Check("first", request.First, int.MaxValue);
        return (await AskAsync(request.Id, checkpoint: null, new InspectionOrder { Samples = request }, context)).Samples;
    }

    private static void Check(string field, uint value, int most)
    {
        if (value > most)
        {
            throw ApiErrors.InvalidField(field, $"must be {most} at most, got {value}");
        }
    }

    /// <param name="checkpoint">Null: no weights are needed.</param>
    private async Task<InspectionAnswer> AskAsync(string id, string? checkpoint, InspectionOrder order, ServerCallContext context)
    {
        var stop = context.CancellationToken;
        var row = await store.FindAsync(id) ?? throw ApiErrors.NotFound(id);
        foreach (var refused in files.Refuse(row.Spec))
        {
            throw ApiErrors.NotInspectable($"{refused.Path} {refused.Problem}");
        }

        (order.Spec, order.Job, order.Artifacts, order.DataCache) = (row.Spec, id, artifacts.Location, KnownDataSet.CacheFolderOf(DataSetCache.FolderName));
        if (checkpoint is not null)
        {
            order.State = await asks.RunAsync(() => StateOf(row, checkpoint), stop);
        }

        if (order.Samples is null)
        {
            await checks.RunAsync(() => AddOutline(row, order), stop);
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
        if (which.Length == 0 && row.Result is { WeightsPath.Length: > 0 })
        {
            return new InspectedState { Step = row.Progress?.Step ?? 0 };
        }

        var checkpoint = artifacts.Checkpoint(row, which.Length == 0 ? Last : which);
        return new InspectedState { Hash = checkpoint.Hash, Step = checkpoint.Step };
    }

    // What the model is made for: the result says so, and else the data, which need not be here where they have a name.
    private bool AddOutline(JobRow row, InspectionOrder order)
    {
        if (row.Result is { Input.Count: 3, Classes: > 0 } result)
        {
            order.Input.AddRange(result.Input);
            order.Classes = result.Classes;
            return true;
        }

        try
        {
            var data = catalog.Inspect(row.Spec.Data);
            order.Input.AddRange(data.Shape.Dimensions.ToArray().Select(size => (uint)size));
            order.Classes = (uint)data.Labels.Classes(row.Spec.Training.IgnoredLabel);
            return true;
        }
        catch (Exception gone) when (gone is DataFileException or ModelException)
        {
            throw ApiErrors.NotDescribable(gone);
        }
    }
}
