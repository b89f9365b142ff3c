using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Trainer.Hosting.Artifacts;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Api;

/// <summary>Labels, lists, the queue, deletion: one coordinator without workers.</summary>
public sealed class JobManagementTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    private static Metadata Ann => new() { { "trainer-user", "ann" } };

    private Protos.JobService.JobServiceClient Jobs => fixture.Coordinator.Jobs;

    [Fact]
    public async Task Jobs_are_found_by_what_is_said_of_them()
    {
        var (name, mark) = ($"n{Guid.NewGuid():n}"[..20], Guid.NewGuid().ToString());
        var request = new CreateJobRequest { Spec = Named(name), Labels = { ["mark"] = mark, ["nr"] = "1" }, Notes = "the first" };
        var first = await Jobs.CreateJobAsync(request, Ann);
        Assert.Equal(("ann", "the first", mark, "ann"), (first.Creator, first.Notes, first.Labels["mark"], first.Transitions[0].AskedBy));
        request = new CreateJobRequest { Spec = Named(name + "-b"), Labels = { ["mark"] = mark, ["nr"] = "2" } };
        var second = await Jobs.CreateJobAsync(request);
        await Jobs.CancelJobAsync(new CancelJobRequest { Id = second.Id }, Ann);

        Assert.Equal([second.Id, first.Id], await FindAsync($"labels.mark = {mark}"));
        Assert.Equal([first.Id, second.Id], await FindAsync($"labels.mark = {mark}", "name"));
        Assert.Equal([second.Id, first.Id], await FindAsync($"labels.mark = {mark}", "state desc"));
        Assert.Equal([first.Id], await FindAsync($"labels.mark = {mark} AND creator = ann"));
        Assert.Equal([second.Id], await FindAsync($"labels.mark = {mark} AND state = CANCELLED AND labels.nr != 1"));
        Assert.Equal([first.Id], await FindAsync($"name = {name} AND create_time > 2020-01-01"));

        var mask = new FieldMask { Paths = { "labels.nr", "labels.mark", "notes", "spec.cluster.priority" } };
        var update = new Job { Id = first.Id, Etag = first.Etag, Notes = "changed", Labels = { ["nr"] = "3" }, Spec = new JobSpec { Cluster = new ClusterSection { Priority = 4 } } };
        var updated = await Jobs.UpdateJobAsync(new UpdateJobRequest { Job = update, UpdateMask = mask });
        Assert.Equal(("changed", "nr=3", 4), (updated.Notes, string.Join(' ', updated.Labels.Select(label => $"{label.Key}={label.Value}")), updated.Spec.Cluster.Priority));
        Assert.Equal([second.Id], await FindAsync($"labels.mark = {mark}"));
        await ApiCalls.FailsAsync(Jobs.UpdateJobAsync(new UpdateJobRequest { Job = update, UpdateMask = mask }), StatusCode.Aborted, "ETAG_MISMATCH");
    }

    [Fact]
    public async Task A_list_is_as_long_as_an_answer_has_room_for_and_shows_what_was_asked_for()
    {
        var mark = Guid.NewGuid().ToString();
        for (var i = 0; i < 5; i++)
        {
            var request = new CreateJobRequest { Spec = Named($"large-{i}"), Labels = { ["mark"] = mark } };
            for (var label = 0; label < 63; label++)
            {
                request.Labels[$"l{label}"] = new string('x', 255); // 16 KiB a job, and notes of three bytes a letter.
            }

            request.Notes = new string('€', 16384);
            await Jobs.CreateJobAsync(request);
        }

        var list = new ListJobsRequest { Filter = $"labels.mark = {mark}", PageSize = 1000, View = JobView.Basic, OrderBy = "name" };
        var jobs = (await Jobs.ListJobsAsync(list)).Jobs;
        Assert.Equal(5, jobs.Count);
        Assert.All(jobs, job => Assert.Equal((true, true, 0, true), (job.Spec.Model is null, job.Spec.Data is null, job.Transitions.Count, job.Spec.Training is not null)));
        list.View = JobView.Full;
        list.PageSize = 3;
        var page = await Jobs.ListJobsAsync(list);
        Assert.Equal((3, true), (page.Jobs.Count, page.Jobs[0].Spec.Model is not null && page.Jobs[0].Transitions.Count == 1));
        list.PageToken = page.NextPageToken;
        Assert.Equal(["large-3", "large-4"], (await Jobs.ListJobsAsync(list)).Jobs.Select(job => job.Spec.Name));

        list.OrderBy = "";
        var error = await ApiCalls.FailsAsync(Jobs.ListJobsAsync(list), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal("page_token: is not a token that ListJobs gave for a list of this order", error.Status.Detail);
        error = await ApiCalls.FailsAsync(Jobs.ListJobsAsync(new ListJobsRequest { OrderBy = "age" }), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal("order_by: must be create_time, name or state, with desc behind it for descending, got 'age'", error.Status.Detail);
        error = await ApiCalls.FailsAsync(Jobs.ListJobsAsync(new ListJobsRequest { View = (JobView)7 }), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal("view: must be BASIC or FULL, got 7", error.Status.Detail);
    }

    [Fact]
    public async Task Pages_are_bounded_in_bytes()
    {
        var store = new Store.FailingStore(() => new NotSupportedException());
        var rows = Enumerable.Range(0, 9).Select(i => Samples.Row($"j-{i}") with { Notes = new string('x', 1 << 20) }).ToList();
        var page = await Coordinator.Api.JobLists.ReadAsync(store with { Listed = rows }, new ListJobsRequest { PageSize = 1000 });
        Assert.Equal((2, false), (page.Jobs.Count, page.NextPageToken.Length == 0));
        page = await Coordinator.Api.JobLists.ReadAsync(store with { Listed = [rows[0] with { Notes = new string('x', 5 << 20) }, rows[1]] }, new ListJobsRequest());
        Assert.Equal((1, false), (page.Jobs.Count, page.NextPageToken.Length == 0)); // One that has no room at all is shown alone.
    }

    [Fact]
    public async Task Files_of_ended_jobs_are_pruned_and_pinned_ones_stay()
    {
        var error = await ApiCalls.FailsAsync(Jobs.PruneJobsAsync(new PruneJobsRequest()), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal("max_age_seconds: or max_jobs or max_bytes is required: this coordinator was started without limits of its own", error.Status.Detail);
        var (kept, gone, active) = (await EndedAsync(), await EndedAsync(), await Jobs.CreateJobAsync(new CreateJobRequest { Spec = fixture.Spec }));
        foreach (var id in new[] { kept, gone, active.Id })
        {
            Write(id, "model.safetensors", "weights");
            Write(id, "checkpoints/step-1/state.bin", "123");
            Write(id, "checkpoints/step-1/manifest.json", new CheckpointManifest(1, id, 1, "00000000000000ab", 3, "") { Step = 1 }.ToJson());
        }

        await Jobs.PinCheckpointAsync(new PinCheckpointRequest { Id = kept, Checkpoint = "last" });
        var request = new PruneJobsRequest { MaxJobs = 0, ValidateOnly = true };
        var planned = (await Jobs.PruneJobsAsync(request)).Jobs;
        Assert.True(File.Exists(Path.Combine(fixture.Folder, "jobs", gone, "model.safetensors")));
        request.ValidateOnly = false;
        var pruned = await Jobs.PruneJobsAsync(request);
        Assert.Equal(planned, pruned.Jobs);
        Assert.Equal((JobState.Cancelled, true), pruned.Jobs.Where(job => job.Id == gone).Select(job => (job.State, job.Bytes > 100)).Single());
        Assert.Equal([true, false, true], new[] { kept, gone, active.Id }.Select(id => Directory.Exists(Path.Combine(fixture.Folder, "jobs", id))));
        Assert.Equal(JobState.Cancelled, (await Jobs.GetJobAsync(new GetJobRequest { Id = gone })).State);
        Assert.DoesNotContain((await Jobs.PruneJobsAsync(request)).Jobs, job => job.Id == gone);

        async Task<string> EndedAsync()
        {
            var id = (await Jobs.CreateJobAsync(new CreateJobRequest { Spec = fixture.Spec })).Id;
            await Jobs.CancelJobAsync(new CancelJobRequest { Id = id });
            return id;
        }
    }

    [Fact]
    public void States_whose_writer_is_gone_are_swept()
    {
        using var stores = new ArtifactStores(() => throw new NotSupportedException());
        var artifacts = new Coordinator.Api.JobArtifacts(stores, Path.Combine(fixture.Folder, "jobs"));
        Write("swept", "checkpoints/a/state.bin", "123");
        Write("swept", "checkpoints/b/state.bin", "123");
        Write("swept", "checkpoints/b/manifest.json", "{}");
        var draft = Path.Combine(fixture.Folder, "jobs", "swept", ".model.safetensors.0123.tmp");
        File.WriteAllText(draft, "half");
        Assert.Equal(0, artifacts.SweepStates("swept", DateTimeOffset.UtcNow.AddHours(-1)));
        artifacts.SweepUnfinished(DateTimeOffset.UtcNow.AddHours(-1));
        Assert.True(File.Exists(draft));
        Assert.Equal(1, artifacts.SweepStates("swept", DateTimeOffset.UtcNow.AddHours(1)));
        artifacts.SweepUnfinished(DateTimeOffset.UtcNow.AddHours(1));
        Assert.False(File.Exists(draft));
        Assert.Equal(["checkpoints/b/manifest.json", "checkpoints/b/state.bin"], artifacts.Of("swept").List("").Select(file => file.Key));
    }

    private void Write(string job, string key, string content) => Write(job, key, System.Text.Encoding.UTF8.GetBytes(content));

    private void Write(string job, string key, byte[] content) => new FolderStore(Path.Combine(fixture.Folder, "jobs", job)).Put(key, content);

    [Fact]
    public async Task A_job_that_has_ended_is_deleted_with_its_files()
    {
        var job = await Jobs.CreateJobAsync(new CreateJobRequest { Spec = fixture.Spec });
        var request = new DeleteJobRequest { Id = job.Id };
        var error = await ApiCalls.FailsAsync(Jobs.DeleteJobAsync(request), StatusCode.FailedPrecondition, "JOB_NOT_ENDED");
        Assert.Equal($"Job {job.Id} is QUEUED: only what has ended can be deleted. Cancel it first.", error.Status.Detail);
        job = await Jobs.CancelJobAsync(new CancelJobRequest { Id = job.Id });
        var folder = Directory.CreateDirectory(Path.Combine(fixture.Folder, "jobs", job.Id, "checkpoints")).Parent!;
        File.WriteAllText(Path.Combine(folder.FullName, "model.safetensors"), "weights");

        request.Etag = "99";
        await ApiCalls.FailsAsync(Jobs.DeleteJobAsync(request), StatusCode.Aborted, "ETAG_MISMATCH");
        Assert.True(folder.Exists);
        request.Etag = job.Etag;
        await Jobs.DeleteJobAsync(request);
        Assert.False(Directory.Exists(folder.FullName));
        await ApiCalls.FailsAsync(Jobs.GetJobAsync(new GetJobRequest { Id = job.Id }), StatusCode.NotFound, "JOB_NOT_FOUND");
        await ApiCalls.FailsAsync(Jobs.DeleteJobAsync(request), StatusCode.NotFound, "JOB_NOT_FOUND");
        Directory.CreateDirectory(folder.FullName); // As if the coordinator had died between row and files.
        request.AllowMissing = true;
        await Jobs.DeleteJobAsync(request);
        Assert.False(Directory.Exists(folder.FullName));
        await Jobs.DeleteJobAsync(new DeleteJobRequest { Id = "../store", AllowMissing = true });
        Assert.True(Directory.Exists(Path.Combine(fixture.Folder, "store")));
    }

    [Fact]
    public async Task The_queue_says_who_waits_for_what_and_since_when()
    {
        var spec = Named("waits");
        spec.Cluster = new ClusterSection { MinWorkers = 2, Device = "cpu", Priority = 3 };
        var job = await Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec });
        var entries = (await Jobs.GetQueueAsync(new GetQueueRequest())).Entries;
        Assert.Equal(entries.OrderByDescending(entry => entry.Priority).ThenBy(entry => entry.CreateTime.ToDateTimeOffset()).Select(entry => entry.Job), entries.Select(entry => entry.Job));
        var own = Assert.Single(entries, entry => entry.Job == job.Id);
        Assert.Equal(("waits", JobState.Queued, 3, 2u, "cpu", 0u), (own.Name, own.State, own.Priority, own.MinWorkers, own.Device, own.Fitting));
        Assert.Equal(job.CreateTime, own.WaitTime);
        Assert.StartsWith("Waiting for workers", own.Message);
        await Jobs.CancelJobAsync(new CancelJobRequest { Id = job.Id });
        Assert.DoesNotContain(job.Id, (await Jobs.GetQueueAsync(new GetQueueRequest())).Entries.Select(entry => entry.Job));
    }

    [Fact]
    public async Task Whoever_watches_a_filter_sees_each_job_come_change_and_go()
    {
        var mark = Guid.NewGuid().ToString();
        var first = await Jobs.CreateJobAsync(new CreateJobRequest { Spec = fixture.Spec, Labels = { ["mark"] = mark } });
        using var watch = Jobs.WatchJobs(new WatchJobsRequest { Filter = $"labels.mark = {mark}" }, deadline: DateTime.UtcNow.AddSeconds(60));
        Assert.Equal((first.Id, null), ((await NextAsync(_ => true)).Job.Id, watch.ResponseStream.Current.Job.Spec.Model));
        var second = await Jobs.CreateJobAsync(new CreateJobRequest { Spec = fixture.Spec, Labels = { ["mark"] = mark } });
        await NextAsync(change => change.Job?.Id == second.Id);
        await Jobs.CancelJobAsync(new CancelJobRequest { Id = second.Id });
        await NextAsync(change => change.Job?.Id == second.Id && change.Job.State == JobState.Cancelled);
        await Jobs.DeleteJobAsync(new DeleteJobRequest { Id = second.Id });
        await NextAsync(change => change.Removed == second.Id);
        await Jobs.UpdateJobAsync(new UpdateJobRequest { Job = new Job { Id = first.Id }, UpdateMask = new FieldMask { Paths = { "labels" } } });
        await NextAsync(change => change.Removed == first.Id);

        using var wrong = Jobs.WatchJobs(new WatchJobsRequest { Filter = "x" });
        Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(() => wrong.ResponseStream.MoveNext(default))).StatusCode);

        async Task<WatchJobsResponse> NextAsync(Func<WatchJobsResponse, bool> wanted)
        {
            while (await watch.ResponseStream.MoveNext(default))
            {
                if (wanted(watch.ResponseStream.Current))
                {
                    return watch.ResponseStream.Current;
                }
            }

            throw new InvalidOperationException("The stream has ended.");
        }
    }

    [Fact]
    public async Task A_log_is_sent_as_it_is_written_and_by_source_and_time()
    {
        var job = await Jobs.CreateJobAsync(new CreateJobRequest { Spec = fixture.Spec });
        using var follow = Jobs.StreamLogs(new StreamLogsRequest { Id = job.Id, Follow = true });
        Assert.True(await follow.ResponseStream.MoveNext(default));
        var first = follow.ResponseStream.Current;
        await Jobs.CancelJobAsync(new CancelJobRequest { Id = job.Id });
        var rest = await follow.ResponseStream.ReadAllAsync().ToListAsync();
        Assert.StartsWith("CANCELLED", rest[^1].Message);
        var later = await Jobs.StreamLogs(new StreamLogsRequest { Id = job.Id, Since = first.Time, Source = "job" }).ResponseStream.ReadAllAsync().ToListAsync();
        Assert.DoesNotContain(first, later);
        Assert.Empty(await Jobs.StreamLogs(new StreamLogsRequest { Id = job.Id, Source = "worker-1" }).ResponseStream.ReadAllAsync().ToListAsync());

        Assert.Empty((await Jobs.ListEpochsAsync(new ListEpochsRequest { Id = job.Id })).Epochs);
        await ApiCalls.FailsAsync(Jobs.ListEpochsAsync(new ListEpochsRequest { Id = "nobody" }), StatusCode.NotFound, "JOB_NOT_FOUND");
        await ApiCalls.FailsAsync(Jobs.ListEpochsAsync(new ListEpochsRequest { Id = job.Id, PageToken = "x" }), StatusCode.InvalidArgument, "INVALID_REQUEST");
    }

    [Fact]
    public async Task The_system_counts_jobs_and_workers()
    {
        await Jobs.CreateJobAsync(new CreateJobRequest { Spec = fixture.Spec });
        var info = await new Protos.SystemService.SystemServiceClient(fixture.Coordinator.WithToken(TestCoordinator.Token)).GetInfoAsync(new GetInfoRequest());
        Assert.Equal(("coordinator", "trainer.v1", 0u, TestCoordinator.TraceLink), (info.Coordinator, info.Version.Api, info.Workers, info.TraceLink));
        Assert.True(info.StartTime.ToDateTimeOffset() <= info.Time.ToDateTimeOffset());
        Assert.Contains(JobState.Queued, info.Jobs.Select(count => count.State));
        await ApiCalls.FailsAsync(fixture.Coordinator.Workers.GetWorkerAsync(new GetWorkerRequest { Name = "w-7" }), StatusCode.NotFound, "WORKER_NOT_FOUND");
        await ApiCalls.FailsAsync(fixture.Coordinator.Workers.UndrainWorkerAsync(new UndrainWorkerRequest { Name = "w-7" }), StatusCode.NotFound, "WORKER_NOT_FOUND");
        await ApiCalls.FailsAsync(fixture.Coordinator.Workers.GetWorkerAsync(new GetWorkerRequest()), StatusCode.InvalidArgument, "INVALID_REQUEST");
    }

    private JobSpec Named(string name)
    {
        var spec = fixture.Spec.Clone();
        spec.Name = name;
        return spec;
    }

    private async Task<IEnumerable<string>> FindAsync(string filter, string order = "") =>
        (await Jobs.ListJobsAsync(new ListJobsRequest { Filter = filter, OrderBy = order })).Jobs.Select(job => job.Id);
}
