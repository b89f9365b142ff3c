using Grpc.Core;
using Trainer.Hosting.Limits;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>Which data sets may be uploaded beside those that are there.</summary>
internal static class DataSetAdmission
{
    private const int MostUploadsOfUser = 4;
    private const int MostSets = 10_000;

    /// <summary>A name is of whoever has a data set of that name: jobs may name the newest one by it alone.</summary>
    /// <exception cref="RpcException">PERMISSION_DENIED: it is another's.</exception>
    public static void RequireName(string name, string creator, IReadOnlyList<PushedDataSet> all)
    {
        var owners = all.Where(set => set.Name == name).Select(set => set.Creator).Distinct().ToList();
        if (owners.Count > 0 && !owners.Contains(creator))
        {
            var owner = owners[0].Length > 0 ? owners[0] : "an admin";
            throw ApiErrors.DataSetOfAnother($"The name {name} is {owner}'s, who has a data set of that name: push yours under another one, or ask an admin.");
        }
    }

    /// <exception cref="RpcException">RESOURCE_EXHAUSTED: there are too many, or too many of the user's are not finished.</exception>
    public static void RequireFew(string creator, IReadOnlyList<PushedDataSet> all)
    {
        if (all.Count >= MostSets)
        {
            throw ApiErrors.TooMuch("TOO_MANY_DATA_SETS", $"There are {all.Count} data sets, and this cluster keeps {MostSets} at most. Delete some: trainer data delete NAME@SHA-256");
        }

        if (all.Where(set => set.Creator == creator && set.State == PushedDataSet.Types.State.Uploading).Select(set => set.Id).ToList() is { Count: >= MostUploadsOfUser } begun)
        {
            throw ApiErrors.TooMuch("TOO_MANY_UPLOADS", $"{begun.Count} uploads are not finished, and a user has {MostUploadsOfUser} at most. Finish one, or delete it: trainer data delete {begun[0]}");
        }
    }

    /// <exception cref="RpcException">RESOURCE_EXHAUSTED: it is too large, or all of them would be.</exception>
    public static void RequireRoom(CreateDataSetRequest request, IReadOnlyList<PushedDataSet> all, ProcessLimits limits)
    {
        var (most, together) = (limits[ProcessLimits.DataSetBytes], limits[ProcessLimits.PushedBytes]);
        if (request.Bytes > (ulong)most)
        {
            throw ApiErrors.TooMuch("DATA_SET_TOO_LARGE", $"{request.Name} has {request.Bytes} bytes; this cluster takes data sets of {most} bytes at most (--limit {ProcessLimits.DataSetBytes.Name}=N of the coordinator).");
        }

        var there = all.Where(set => set.State != PushedDataSet.Types.State.Failed).Aggregate(0UL, (sum, set) => sum + set.Bytes);
        if (there + request.Bytes > (ulong)together)
        {
            throw ApiErrors.TooMuch("DATA_SETS_TOO_LARGE",
                $"{request.Name} has {request.Bytes} bytes, those that are there have {there}; this cluster keeps {together} bytes of data sets (--limit {ProcessLimits.PushedBytes.Name}=N of the coordinator). Delete some: trainer data delete NAME@SHA-256");
        }
    }
}
