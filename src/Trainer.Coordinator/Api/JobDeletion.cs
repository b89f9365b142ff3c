using Grpc.Core;
using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>Deletes jobs that nobody needs: the row first, which makes the files nobody's, then the files.</summary>
public sealed class JobDeletion(IJobStore store, JobDirectory directory, ArtifactThreads threads, JobArtifacts artifacts, JobOrigins origins)
{
    private static readonly TimeSpan LetGoWithin = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(0.25);

    /// <exception cref="RpcException">NOT_FOUND; FAILED_PRECONDITION: it has not ended, or something needs it; UNAVAILABLE: the files are still there.</exception>
    public async Task DeleteAsync(DeleteJobRequest request, ServerCallContext caller)
    {
        var row = await store.FindAsync(request.Id);
        if (row is not null)
        {
            await RequireUnusedAsync(request.Id, caller.CancellationToken);
            await directory.DeleteAsync(request.Id, request.Etag, caller);
        }
        else if (!request.AllowMissing)
        {
            throw ApiErrors.NotFound(request.Id);
        }
        else if (!JobId.IsOne(request.Id))
        {
            return;
        }
        else if (Principal.Of(caller) is { Role: not Role.Admin } user && await threads.RunAsync(() => artifacts.Measure(request.Id).Bytes > 0, caller.CancellationToken))
        {
            throw ApiErrors.RoleNeeded($"There is no job {request.Id}, and whose files are left of it is not known: to delete them needs the role admin, and {user.User}'s token has not.");
        }

        await threads.RunAsync(() => DeleteFiles(request.Id, row), CancellationToken.None); // Whoever asked may go: nobody else would do it.
    }

    // A job that has just ended is still its workers' for a moment: that is waited for.
    private async Task<string?> LastWorkerAsync(string id, CancellationToken stop)
    {
        for (var since = TimeProvider.System.GetTimestamp(); ; await Task.Delay(LookAgain, stop))
        {
            var worker = (await directory.ListWorkersAsync(stop)).Workers.FirstOrDefault(worker => worker.Job == id)?.Worker;
            if (worker is null || TimeProvider.System.GetElapsedTime(since) > LetGoWithin)
            {
                return worker;
            }
        }
    }

    private bool DeleteFiles(string id, JobRow? row)
    {
        try
        {
            artifacts.Delete(id);
            if (row is not null)
            {
                origins.LetGo(row);
            }

            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw ApiErrors.Unavailable($"Job {id} is deleted, its files are not: {e.Message} Delete it again with allow_missing once that is mended.");
        }
    }

    private async Task RequireUnusedAsync(string id, CancellationToken stop)
    {
        if (await LastWorkerAsync(id, stop) is { } worker)
        {
            throw ApiErrors.JobInUse($"Worker {worker} has not let go of job {id} yet. Try again in a moment.");
        }

        foreach (var active in (await store.ActiveIdsAsync()).Where(active => active != id))
        {
            var row = await store.FindAsync(active);
            if (row?.Verification?.Job == id || row?.Spec.Training.Init?.From?.Job == id)
            {
                throw ApiErrors.JobInUse($"Job {active} {(row.Verification is null ? "starts from a checkpoint of" : "verifies")} job {id}: wait for its end, or cancel it first.");
            }
        }
    }
}
