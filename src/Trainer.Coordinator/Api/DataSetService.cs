using System.Text.RegularExpressions;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>Data sets that users push for their jobs.</summary>
/// <param name="threads">Its own: uploads hold up nobody who wants files of jobs.</param>
internal sealed partial class DataSetService(DataSets sets, DataSetUses uses, DataSetChecks checks, [FromKeyedServices(DataSetService.Threads)] ArtifactThreads threads) : Protos.DataSetService.DataSetServiceBase
{
    public const string Threads = "data-sets";

    public override async Task<PushedDataSet> CreateDataSet(CreateDataSetRequest request, ServerCallContext context)
    {
        Check(request);
        request.Sha256 = request.Sha256.ToLowerInvariant();
        var caller = Principal.Of(context);
        var set = await threads.RunAsync(() => sets.Begin(request, caller.User, mayAll: caller.Role == Role.Admin), context.CancellationToken);
        return set.State == PushedDataSet.Types.State.Checking ? await checks.CheckAsync(set, context.CancellationToken) : set;
    }

    public override async Task<PushedDataSet> UploadDataSet(UploadDataSetRequest request, ServerCallContext context)
    {
        RequireWholeId(request.Id);
        var set = await threads.RunAsync(() => sets.Begun(request.Id), context.CancellationToken);
        RequireOwn(set, context);
        if (set.State == PushedDataSet.Types.State.Ready)
        {
            return set;
        }

        request.Sha256 = request.Sha256.ToLowerInvariant();
        var taken = await threads.RunAsync(() => sets.Take(set, request), context.CancellationToken);
        return taken.State == PushedDataSet.Types.State.Checking ? await checks.CheckAsync(taken, context.CancellationToken) : taken;
    }

    public override Task<PushedDataSet> GetDataSet(GetDataSetRequest request, ServerCallContext context)
    {
        RequireId(request.Id);
        return threads.RunAsync(() => sets.Get(request.Id), context.CancellationToken);
    }

    public override async Task<ListDataSetsResponse> ListDataSets(ListDataSetsRequest request, ServerCallContext context)
    {
        DataSetPages.Check(request);
        return DataSetPages.Of(await threads.RunAsync(sets.List, context.CancellationToken), request);
    }

    public override async Task<Empty> DeleteDataSet(DeleteDataSetRequest request, ServerCallContext context)
    {
        RequireWholeId(request.Id);
        try
        {
            var set = await threads.RunAsync(() => sets.Get(request.Id), context.CancellationToken);
            RequireOwn(set, context);
            await uses.DeleteAsync(set, context.CancellationToken);
        }
        catch (RpcException missing) when (missing.StatusCode == StatusCode.NotFound && request.AllowMissing)
        {
            // As asked for.
        }

        return new Empty();
    }

    private static void RequireOwn(PushedDataSet set, ServerCallContext context)
    {
        if (Principal.Of(context) is { Role: not Role.Admin } caller && caller.User != set.Creator)
        {
            throw ApiErrors.DataSetOfAnother(
                $"The data set {set.Id} is {(set.Creator.Length > 0 ? $"{set.Creator}'s" : "nobody's")}: an operator, as {caller.User} is, changes his own alone. Ask {(set.Creator.Length > 0 ? $"{set.Creator} or " : "")}an admin.");
        }
    }

    private static void Check(CreateDataSetRequest request)
    {
        if (!NamePattern().IsMatch(request.Name))
        {
            throw ApiErrors.InvalidField("name", $"must be 1 to 64 lower-case letters, digits, '.', '_' and '-', first and last a letter or digit, got '{request.Name}'");
        }

        if (!SumPattern().IsMatch(request.Sha256))
        {
            throw ApiErrors.InvalidField("sha256", $"must be 64 hexadecimal digits, got '{request.Sha256}'");
        }

        if (request.Bytes == 0)
        {
            throw ApiErrors.InvalidField("bytes", "must be at least 1, got 0");
        }
    }

    private static void RequireWholeId(string id)
    {
        RequireId(id);
        if (!id.Contains('@', StringComparison.Ordinal))
        {
            throw ApiErrors.InvalidField("id", $"must be NAME@SHA-256, which says which of that name is meant, got '{id}'");
        }
    }

    // What has another form is the path of something else.
    private static void RequireId(string id)
    {
        if (!IdPattern().IsMatch(id))
        {
            throw ApiErrors.InvalidField("id", $"must be NAME@SHA-256, got '{id}'");
        }
    }

    [GeneratedRegex(@"\A[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"\A[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?(@[0-9a-f]{64})?\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex IdPattern();

    [GeneratedRegex(@"\A[0-9a-fA-F]{64}\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SumPattern();
}
