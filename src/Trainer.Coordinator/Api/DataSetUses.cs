using Grpc.Core;
using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>Which jobs use which data sets: a job is written down before it is made, and counts until it has ended.</summary>
public sealed class DataSetUses(IJobStore store, DataSets sets, ArtifactThreads threads)
{
    /// <summary>A job that is written down and not made by then never will be.</summary>
    private static readonly TimeSpan MadeWithin = TimeSpan.FromMinutes(10);

    /// <summary>Before a job is made: its data set stays from here on.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT: it is not there any more; UNAVAILABLE: the store.</exception>
    public async Task HoldAsync(string job, JobSpec spec, CancellationToken stop)
    {
        if (spec.Data.Pushed is { Length: > 0 } id && !await threads.RunAsync(() => sets.Use(id, job), stop))
        {
            throw ApiErrors.InvalidJob([new FieldViolation("data.pushed", $"there is no data set {id} in this cluster; push it again: trainer data push PATH {id.Split('@')[0]}")]);
        }
    }

    /// <summary>Deletes a data set that no job uses.</summary>
    /// <exception cref="RpcException">FAILED_PRECONDITION: one does; UNAVAILABLE: the store.</exception>
    public async Task DeleteAsync(PushedDataSet set, CancellationToken stop)
    {
        await RequireUnusedAsync(set.Id, stop);
        if (set.State == PushedDataSet.Types.State.Ready)
        {
            await threads.RunAsync(() => SetReady(set, false), CancellationToken.None);
            try
            {
                await RequireUnusedAsync(set.Id, CancellationToken.None);
            }
            catch
            {
                await threads.RunAsync(() => SetReady(set, true), CancellationToken.None);
                throw;
            }
        }

        await threads.RunAsync(() =>
        {
            sets.Delete(set.Id);
            return true;
        }, CancellationToken.None);
    }

    private bool SetReady(PushedDataSet set, bool isReady)
    {
        sets.SetReady(set, isReady);
        return true;
    }

    private async Task RequireUnusedAsync(string id, CancellationToken stop)
    {
        var active = (await store.ActiveIdsAsync()).ToHashSet(StringComparer.Ordinal);
        foreach (var (job, since) in await threads.RunAsync(() => sets.Uses(id), stop))
        {
            // One that was made since the list of those that have not ended is none of them.
            if (active.Contains(job) || (since > TimeProvider.System.GetUtcNow() - MadeWithin && await store.FindAsync(job) is not { HasEnded: true }))
            {
                throw ApiErrors.DataSetInUse($"Job {job} uses the data set {id} and has not ended: wait for its end, or cancel it first.");
            }
        }
    }
}
