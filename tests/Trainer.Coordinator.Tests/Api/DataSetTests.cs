using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Trainer.Hosting.Limits;
using Trainer.Kernels.Data.Packs;
using Trainer.Kernels.Data.Sections;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Api;

/// <summary>Data sets that are pushed: in parts, by several users, and by those who send something else.</summary>
public sealed class DataSetTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private JobSpec _spec = null!;
    private byte[] _pack = null!;
    private string _sum = null!;
    private TestCoordinator _coordinator = null!;

    private Protos.DataSetService.DataSetServiceClient Sets => _coordinator.DataSets;

    public async ValueTask InitializeAsync()
    {
        _spec = SmallData.Spec(_folder.Path);
        using var pack = new MemoryStream();
        var (train, test) = DataSection.DescribeUntransformed(JobFile.SectionJson(_spec.Data));
        DataPack.Write(train, test, pack);
        _pack = pack.ToArray();
        _sum = Sum(_pack);
        _coordinator = await TestCoordinator.StartAsync(
            _folder.Path, change: options => options with { Limits = ProcessLimits.Parse(["message-bytes=40000", "data-set-bytes=100000", "pushed-bytes=190000"], ProcessLimits.OfCoordinators) });
        await _coordinator.AwaitWorkersAsync(0);
    }

    public async ValueTask DisposeAsync()
    {
        await _coordinator.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task What_was_pushed_is_what_jobs_train_on_until_nobody_needs_it()
    {
        var begun = await BeginAsync("digits");
        Assert.Equal((PushedDataSet.Types.State.Uploading, 20_000u, 0ul), (begun.State, begun.PartBytes, begun.ReceivedBytes));
        await UploadAsync(begun, 0);
        var gone = await BeginAsync("digits"); // Broken off: it says where to go on.
        Assert.Equal((begun.Id, 20_000ul), (gone.Id, gone.ReceivedBytes));
        var last = gone;
        for (var offset = gone.ReceivedBytes; offset < gone.Bytes; offset += gone.PartBytes)
        {
            last = await UploadAsync(gone, offset);
        }

        Assert.Equal((PushedDataSet.Types.State.Ready, 67u, 13u, gone.Bytes), (last.State, last.TrainSamples, last.TestSamples, last.ReceivedBytes));
        Assert.Equal(last, await BeginAsync("digits"));
        Assert.Equal(last, await UploadAsync(gone, 0));
        Assert.Equal(last.Id, (await Sets.GetDataSetAsync(new GetDataSetRequest { Id = "digits" })).Id);
        Assert.Equal([last.Id], (await Sets.ListDataSetsAsync(new ListDataSetsRequest())).DataSets.Select(set => set.Id));

        var spec = _spec.Clone();
        spec.Data = new Data { Pushed = "digits" };
        var job = await _coordinator.Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec });
        Assert.Equal((last.Id, 10u), (job.Spec.Data.Pushed, job.Spec.Model.Classes));

        var used = await ApiCalls.FailsAsync(Sets.DeleteDataSetAsync(new DeleteDataSetRequest { Id = last.Id }).ResponseAsync, StatusCode.FailedPrecondition, "DATA_SET_IN_USE");
        Assert.Equal($"Job {job.Id} uses the data set {last.Id} and has not ended: wait for its end, or cancel it first.", used.Status.Detail);
        Assert.Equal(PushedDataSet.Types.State.Ready, (await Sets.GetDataSetAsync(new GetDataSetRequest { Id = last.Id })).State);
        await _coordinator.Jobs.CancelJobAsync(new CancelJobRequest { Id = job.Id });
        await _coordinator.AwaitAsync(job.Id, now => now.State == JobState.Cancelled);
        await Sets.DeleteDataSetAsync(new DeleteDataSetRequest { Id = last.Id });

        await ApiCalls.FailsAsync(Sets.DeleteDataSetAsync(new DeleteDataSetRequest { Id = last.Id }).ResponseAsync, StatusCode.NotFound, "DATA_SET_NOT_FOUND");
        await Sets.DeleteDataSetAsync(new DeleteDataSetRequest { Id = last.Id, AllowMissing = true });
        var refused = await ApiCalls.FailsAsync(_coordinator.Jobs.CreateJobAsync(new CreateJobRequest { Spec = spec }), StatusCode.InvalidArgument, "INVALID_JOB");
        Assert.Equal("This job cannot run: data.pushed: there is no data set digits in this cluster; push one: trainer data push PATH digits", refused.Status.Detail);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_folder.Path, "jobs", "data-sets"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_part_that_is_none_is_refused_and_so_is_a_whole_that_is_another()
    {
        var begun = await BeginAsync("digits");
        var part = new UploadDataSetRequest { Id = begun.Id, Data = ByteString.CopyFrom(_pack, 0, 20_000), Sha256 = Sum(_pack[..20_000]) };
        Assert.Equal("offset: must be a multiple of 20000 below " + $"{_pack.Length}, got 7", await RefusedAsync(part, change => change.Offset = 7));
        Assert.Equal("data: must have 20000 bytes at offset 0, got 3", await RefusedAsync(part, change => change.Data = ByteString.CopyFromUtf8("abc")));
        Assert.Equal($"sha256: is {new string('0', 64)}, and what came has {part.Sha256}: send it again", await RefusedAsync(part, change => change.Sha256 = new string('0', 64)));
        Assert.Equal("id: must be NAME@SHA-256, got '../../store'", await RefusedAsync(part, change => change.Id = "../../store"));
        Assert.Equal("id: must be NAME@SHA-256, which says which of that name is meant, got 'digits'", await RefusedAsync(part, change => change.Id = "digits"));

        var wrong = (byte[])_pack.Clone();
        wrong[70] ^= 1;
        var damaged = await Assert.ThrowsAsync<RpcException>(() => PushAsync(wrong, "digits", _sum));
        Assert.Equal((StatusCode.FailedPrecondition, $"What was uploaded as digits@{_sum} has the SHA-256 {Sum(wrong)}. To push it again delete it first: trainer data delete digits@{_sum}"), (damaged.StatusCode, damaged.Status.Detail));
        var text = new byte[30_000];
        var other = await Assert.ThrowsAsync<RpcException>(() => PushAsync(text, "text", Sum(text)));
        Assert.Equal((StatusCode.FailedPrecondition, $"What was uploaded as text@{Sum(text)} is no pack, or is cut short; expected a file of: trainer data import PATH --to FILE. To push it again delete it first: trainer data delete text@{Sum(text)}"), (other.StatusCode, other.Status.Detail));
        var failed = (await Sets.ListDataSetsAsync(new ListDataSetsRequest())).DataSets;
        Assert.Equal([(PushedDataSet.Types.State.Failed, damaged.Status.Detail), (PushedDataSet.Types.State.Failed, other.Status.Detail)], failed.Select(set => (set.State, set.Problem)));
        Assert.Equal(damaged.Status.Detail, (await ApiCalls.FailsAsync(Sets.CreateDataSetAsync(new CreateDataSetRequest { Name = "digits", Sha256 = _sum, Bytes = (ulong)_pack.Length }), StatusCode.FailedPrecondition, "DATA_SET_DAMAGED")).Status.Detail);
        await ApiCalls.FailsAsync(Sets.UploadDataSetAsync(part), StatusCode.FailedPrecondition, "DATA_SET_DAMAGED");
        await Sets.DeleteDataSetAsync(new DeleteDataSetRequest { Id = begun.Id });
        await PushAsync(_pack, "digits", _sum.ToUpperInvariant());
        Assert.Equal(PushedDataSet.Types.State.Ready, (await Sets.GetDataSetAsync(new GetDataSetRequest { Id = begun.Id })).State);

        async Task<string> RefusedAsync(UploadDataSetRequest valid, Action<UploadDataSetRequest> change)
        {
            var request = valid.Clone();
            change(request);
            return (await ApiCalls.FailsAsync(Sets.UploadDataSetAsync(request), StatusCode.InvalidArgument, "INVALID_REQUEST")).Status.Detail;
        }
    }

    [Fact]
    public async Task Names_and_sizes_have_limits()
    {
        Assert.StartsWith("name: must be 1 to 64 lower-case letters", await InvalidAsync(new() { Name = "../x", Sha256 = _sum, Bytes = 1 }), StringComparison.Ordinal);
        Assert.StartsWith("sha256: must be 64 hexadecimal digits", await InvalidAsync(new() { Name = "x", Sha256 = "abc", Bytes = 1 }), StringComparison.Ordinal);
        Assert.Equal("bytes: must be at least 1, got 0", await InvalidAsync(new() { Name = "x", Sha256 = _sum }));
        var large = await ApiCalls.FailsAsync(Sets.CreateDataSetAsync(new() { Name = "x", Sha256 = _sum, Bytes = 100_001 }), StatusCode.ResourceExhausted, "DATA_SET_TOO_LARGE");
        Assert.Equal("x has 100001 bytes; this cluster takes data sets of 100000 bytes at most (--limit data-set-bytes=N of the coordinator).", large.Status.Detail);
        await Sets.CreateDataSetAsync(new() { Name = "x", Sha256 = _sum, Bytes = 100_000 });
        var full = await ApiCalls.FailsAsync(Sets.CreateDataSetAsync(new() { Name = "y", Sha256 = _sum, Bytes = 90_001 }), StatusCode.ResourceExhausted, "DATA_SETS_TOO_LARGE");
        Assert.Equal(
            "y has 90001 bytes, those that are there have 100000; this cluster keeps 190000 bytes of data sets (--limit pushed-bytes=N of the coordinator). Delete some: trainer data delete NAME@SHA-256",
            full.Status.Detail);
        Assert.Equal($"bytes: must be 100000, as x@{_sum} was begun with, got 5", await InvalidAsync(new() { Name = "x", Sha256 = _sum, Bytes = 5 }));

        async Task<string> InvalidAsync(CreateDataSetRequest request) => (await ApiCalls.FailsAsync(Sets.CreateDataSetAsync(request), StatusCode.InvalidArgument, "INVALID_REQUEST")).Status.Detail;
    }

    [Fact]
    public async Task Operators_go_on_with_their_own_and_delete_their_own()
    {
        var (ann, bob) = (await ClientAsync("ann", Role.Operator), await ClientAsync("bob", Role.Operator));
        var viewer = await ClientAsync("eve", Role.Viewer);
        var begun = await ann.CreateDataSetAsync(new() { Name = "digits", Sha256 = _sum, Bytes = (ulong)_pack.Length });
        Assert.Equal("ann", begun.Creator);

        var message = $"The data set {begun.Id} is ann's: an operator, as bob is, changes his own alone. Ask ann or an admin.";
        Assert.Equal(message, (await ApiCalls.FailsAsync(bob.UploadDataSetAsync(new() { Id = begun.Id }), StatusCode.PermissionDenied, "DATA_SET_OF_ANOTHER")).Status.Detail);
        Assert.Equal(message, (await ApiCalls.FailsAsync(bob.DeleteDataSetAsync(new() { Id = begun.Id }).ResponseAsync, StatusCode.PermissionDenied, "DATA_SET_OF_ANOTHER")).Status.Detail);
        await ApiCalls.FailsAsync(viewer.CreateDataSetAsync(new()), StatusCode.PermissionDenied, "ROLE_NEEDED");
        Assert.Equal(begun.Id, (await viewer.GetDataSetAsync(new() { Id = begun.Id })).Id);
        await ann.DeleteDataSetAsync(new() { Id = begun.Id });
        Assert.Empty((await viewer.ListDataSetsAsync(new())).DataSets);
    }

    [Fact]
    public async Task A_name_is_of_whoever_has_a_data_set_of_that_name()
    {
        var (ann, bob) = (await ClientAsync("ann", Role.Operator), await ClientAsync("bob", Role.Operator));
        var begun = await ann.CreateDataSetAsync(new() { Name = "digits", Sha256 = _sum, Bytes = 30 });

        foreach (var sum in new[] { _sum, new string('0', 64) })
        {
            var refused = await ApiCalls.FailsAsync(bob.CreateDataSetAsync(new() { Name = "digits", Sha256 = sum, Bytes = 30 }), StatusCode.PermissionDenied, "DATA_SET_OF_ANOTHER");
            Assert.Equal("The name digits is ann's, who has a data set of that name: push yours under another one, or ask an admin.", refused.Status.Detail);
        }

        Assert.Equal("bob", (await bob.CreateDataSetAsync(new() { Name = "figures", Sha256 = _sum, Bytes = 30 })).Creator);
        await ann.CreateDataSetAsync(new() { Name = "digits", Sha256 = new string('1', 64), Bytes = 30 });
        await Sets.CreateDataSetAsync(new() { Name = "digits", Sha256 = new string('2', 64), Bytes = 30 }); // An admin.
        Assert.Equal(begun, await ann.CreateDataSetAsync(new() { Name = "digits", Sha256 = _sum, Bytes = 30 }));
    }

    [Fact]
    public async Task They_are_listed_by_pages_and_a_user_has_few_that_are_not_finished()
    {
        foreach (var name in new[] { "d", "b", "a", "c" })
        {
            await Sets.CreateDataSetAsync(new() { Name = name, Sha256 = _sum, Bytes = 30 });
        }

        var many = await ApiCalls.FailsAsync(Sets.CreateDataSetAsync(new() { Name = "e", Sha256 = _sum, Bytes = 30 }), StatusCode.ResourceExhausted, "TOO_MANY_UPLOADS");
        Assert.Equal($"4 uploads are not finished, and a user has 4 at most. Finish one, or delete it: trainer data delete a@{_sum}", many.Status.Detail);
        var first = await Sets.ListDataSetsAsync(new() { PageSize = 3 });
        var second = await Sets.ListDataSetsAsync(new() { PageSize = 3, PageToken = first.NextPageToken });
        Assert.Equal(("a b c", "d", ""), (Names(first), Names(second), second.NextPageToken));
        Assert.Equal("page_size: must be 0 (for 50) to 1000, got 1001", (await ApiCalls.FailsAsync(Sets.ListDataSetsAsync(new() { PageSize = 1001 }), StatusCode.InvalidArgument, "INVALID_REQUEST")).Status.Detail);
        Assert.Equal("page_token: is not a token that ListDataSets gave", (await ApiCalls.FailsAsync(Sets.ListDataSetsAsync(new() { PageToken = "x" }), StatusCode.InvalidArgument, "INVALID_REQUEST")).Status.Detail);

        static string Names(ListDataSetsResponse page) => string.Join(' ', page.DataSets.Select(set => set.Name));
    }

    [Fact]
    public async Task The_same_in_JSON()
    {
        using var http = new HttpClient { BaseAddress = new Uri(_coordinator.Http) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TestCoordinator.Token);
        var begun = await AnswerAsync(await http.PostAsJsonAsync("/v1/data-sets", new { name = "digits", sha256 = _sum, bytes = _pack.Length }));
        var (id, state) = (begun.GetProperty("id").GetString()!, "");
        for (var offset = 0; offset < _pack.Length; offset += 20_000)
        {
            var part = _pack[offset..Math.Min(offset + 20_000, _pack.Length)];
            state = (await AnswerAsync(await http.PostAsJsonAsync($"/v1/data-sets/{id}:upload", new { offset, data = Convert.ToBase64String(part), sha256 = Sum(part) }))).GetProperty("state").GetString();
        }

        Assert.Equal("READY", state);
        Assert.Equal(67, (await AnswerAsync(await http.GetAsync($"/v1/data-sets/{id}"))).GetProperty("train_samples").GetInt32());
        Assert.Equal(1, (await AnswerAsync(await http.GetAsync("/v1/data-sets"))).GetProperty("data_sets").GetArrayLength());
        await AnswerAsync(await http.DeleteAsync($"/v1/data-sets/{id}"));
    }

    private static async Task<JsonElement> AnswerAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private static string Sum(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private async Task<Protos.DataSetService.DataSetServiceClient> ClientAsync(string user, Role role) =>
        new(_coordinator.WithToken((await _coordinator.Tokens.CreateTokenAsync(new CreateTokenRequest { User = user, Role = role })).Secret));

    private async Task<PushedDataSet> BeginAsync(string name) => await Sets.CreateDataSetAsync(new CreateDataSetRequest { Name = name, Sha256 = _sum, Bytes = (ulong)_pack.Length });

    private Task<PushedDataSet> UploadAsync(PushedDataSet set, ulong offset) => UploadAsync(_pack, set, offset);

    private async Task<PushedDataSet> UploadAsync(byte[] pack, PushedDataSet set, ulong offset)
    {
        var part = pack[(int)offset..(int)Math.Min(offset + set.PartBytes, set.Bytes)];
        return await Sets.UploadDataSetAsync(new UploadDataSetRequest { Id = set.Id, Offset = offset, Data = ByteString.CopyFrom(part), Sha256 = Sum(part) });
    }

    private async Task PushAsync(byte[] pack, string name, string sum)
    {
        var set = await Sets.CreateDataSetAsync(new CreateDataSetRequest { Name = name, Sha256 = sum, Bytes = (ulong)pack.Length });
        for (var offset = 0UL; offset < set.Bytes; offset += set.PartBytes)
        {
            await UploadAsync(pack, set, offset);
        }
    }
}
