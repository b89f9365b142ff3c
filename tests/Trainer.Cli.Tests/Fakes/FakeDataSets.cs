using Grpc.Core;
using Trainer.Protos;

namespace Trainer.Cli.Tests.Fakes;

/// <summary>Parts of 1000 bytes, in their order.</summary>
internal sealed class FakeDataSets(FakeApi api) : DataSetService.DataSetServiceBase
{
    public override Task<PushedDataSet> CreateDataSet(CreateDataSetRequest request, ServerCallContext context)
    {
        var id = $"{request.Name}@{request.Sha256}";
        if (api.DataSets.FirstOrDefault(set => set.Id == id) is not { } there)
        {
            there = new PushedDataSet { Id = id, Name = request.Name, Sha256 = request.Sha256, Bytes = request.Bytes, PartBytes = 1000, State = PushedDataSet.Types.State.Uploading, CreateTime = new() { Seconds = 1_764_000_000 }, Creator = "ada" };
            api.DataSets.Add(there);
        }

        return Task.FromResult(there);
    }

    public override Task<PushedDataSet> UploadDataSet(UploadDataSetRequest request, ServerCallContext context)
    {
        if (api.UploadsUntilLoss-- == 0)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "The coordinator is stopping."));
        }

        var set = api.DataSets.Single(set => set.Id == request.Id);
        Assert.Equal((set.ReceivedBytes, (ulong)api.Uploaded.Length), (request.Offset, request.Offset));
        api.Uploaded.Write(request.Data.Span);
        set.ReceivedBytes += (ulong)request.Data.Length;
        if (set.ReceivedBytes == set.Bytes)
        {
            (set.State, set.TrainSamples, set.TestSamples, set.Classes) = (PushedDataSet.Types.State.Ready, 3, 1, 2);
        }

        return Task.FromResult(set);
    }

    public override Task<ListDataSetsResponse> ListDataSets(ListDataSetsRequest request, ServerCallContext context) => Task.FromResult(new ListDataSetsResponse { DataSets = { api.DataSets } });

    public override Task<Google.Protobuf.WellKnownTypes.Empty> DeleteDataSet(DeleteDataSetRequest request, ServerCallContext context) => api.DataSets.RemoveAll(set => set.Id == request.Id) > 0
        ? Task.FromResult(new Google.Protobuf.WellKnownTypes.Empty())
        : throw new RpcException(new Status(StatusCode.NotFound, $"There is no data set {request.Id}."));
}
