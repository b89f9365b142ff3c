using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Trainer.Coordinator.Api;
using Trainer.Coordinator.Store;
using Trainer.Coordinator.Tests.Store;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Limits;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Api;

/// <summary>Data sets that are to be deleted while jobs begin to use them.</summary>
public sealed class DataSetUsesTests : IDisposable
{
    private static readonly string Id = $"digits@{new string('a', 64)}";

    private readonly TemporaryFolder _folder = new();
    private readonly ArtifactStores _stores = new(() => throw new NotSupportedException());
    private readonly ArtifactThreads _threads = new();
    private readonly DataSets _sets;
    private readonly PushedDataSet _set;

    public DataSetUsesTests()
    {
        _sets = new DataSets(_stores, Path.Combine(_folder.Path, "jobs"), ProcessLimits.Usual);
        _set = new PushedDataSet { Id = Id, Name = "digits", Bytes = 3, PartBytes = 3, State = PushedDataSet.Types.State.Ready, CreateTime = new Timestamp { Seconds = 1 } };
        _sets.SetReady(_set, true);
    }

    public void Dispose()
    {
        _threads.Dispose();
        _stores.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_job_that_was_made_since_the_list_was_read_uses_it()
    {
        Assert.True(_sets.Use(Id, "made"));

        await RefusedAsync(new FailingStore(() => new NotSupportedException()) { Active = () => [], Found = id => Samples.Row(id) });
    }

    [Fact]
    public async Task The_second_look_sees_who_was_quicker()
    {
        Assert.True(_sets.Use(Id, "made"));
        var looks = 0;

        await RefusedAsync(new FailingStore(() => new NotSupportedException()) { Active = () => looks++ == 0 ? [] : ["made"], Found = id => Samples.Row(id, JobState.Cancelled) });
        Assert.Equal(2, looks);
    }

    [Fact]
    public async Task It_stays_where_the_second_look_fails()
    {
        var looks = 0;
        var store = new FailingStore(() => new NotSupportedException()) { Active = () => looks++ == 0 ? [] : throw new StoreException("The disk is full.") };

        await Assert.ThrowsAsync<StoreException>(() => Uses(store).DeleteAsync(_set, CancellationToken.None));
        Assert.Equal(_set, _sets.FindReady(Id));
        Assert.Equal(PushedDataSet.Types.State.Ready, Assert.Single(_sets.List()).State);
    }

    [Fact]
    public async Task What_nobody_uses_is_deleted()
    {
        Assert.True(_sets.Use(Id, "ended"));

        await Uses(new FailingStore(() => new NotSupportedException()) { Active = () => [], Found = id => Samples.Row(id, JobState.Cancelled) }).DeleteAsync(_set, CancellationToken.None);
        Assert.Empty(_sets.List());
    }

    private async Task RefusedAsync(IJobStore store)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(() => Uses(store).DeleteAsync(_set, CancellationToken.None));
        Assert.Equal((StatusCode.FailedPrecondition, $"Job made uses the data set {Id} and has not ended: wait for its end, or cancel it first."), (refused.StatusCode, refused.Status.Detail));
        Assert.Equal(_set, _sets.FindReady(Id));
    }

    private DataSetUses Uses(IJobStore store) => new(store, _sets, _threads);
}
