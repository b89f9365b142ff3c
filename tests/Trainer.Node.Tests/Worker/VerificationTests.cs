using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Hashes;
using Trainer.Node.Tests.Training;
using Trainer.Protos;
using Trainer.Protos.Cluster;
using Kind = Trainer.Protos.Cluster.Failure.Types.Kind;

namespace Trainer.Node.Tests.Worker;

/// <summary>Steps of a job are computed again, on other workers, and every state is compared with the record.</summary>
public class VerificationTests
{
    private const ulong PerEpoch = 7; // Six batches and an evaluation.

    private readonly Func<WorkerReport, bool> _isVerdict = report => (report.Finished ?? (object)report.Failure) is not null;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Equal_states_are_the_end_of_it_where_the_range_ends_amid_an_epoch(int workers)
    {
        using var data = new TinyData(train: 211, test: 53);
        var spec = data.Job(batchSize: 37, shards: 7, epochs: 3);
        await using var group = await new WorkerGroup(workers).ReadyAsync();
        await group.TrainAsync("job", spec);

        var finished = await VerifyAsync(group, spec, last: PerEpoch + 3);
        Assert.All(finished, report => Assert.Equal((PerEpoch + 3, 9ul), (report.Finished?.State.Item, report.Finished?.State.Step)));
    }

    [Fact]
    public async Task The_first_step_that_differs_is_named_with_both_hashes()
    {
        using var data = new TinyData(train: 211, test: 53);
        var spec = data.Job(batchSize: 37, shards: 7, epochs: 2);
        await using var group = await new WorkerGroup(2).ReadyAsync();
        await group.TrainAsync("job", spec);
        var right = StepHashFiles.Read(Files(group));
        Rewrite(group, right, hash => hash.Item switch { 5 => null, >= 6 => hash with { Hash = hash.Hash ^ 1 }, _ => hash });

        var failed = await VerifyAsync(group, spec, last: 2 * PerEpoch);
        Assert.All(failed, report => Assert.Equal(
            (Kind.OtherHash,
                $"the first difference is item 6 (step 6): hash {right[6].Hash.Hash:x16}, on record {right[6].Hash.Hash ^ 1:x16} by generation 1.1; the last one that is equal is item 4 (step 4)"),
            (report.Failure?.Kind, report.Failure?.Message)));
    }

    [Fact]
    public async Task Other_data_is_told_before_anything_is_computed()
    {
        using var data = new TinyData(train: 211, test: 53);
        var spec = data.Job(batchSize: 37, shards: 7, epochs: 1);
        await using var group = await new WorkerGroup(1).ReadyAsync();
        await group.TrainAsync("job", spec);
        var recorded = StepHashFiles.Read(Files(group))[1].Origin.Data;
        using var other = new TinyData(train: 211, test: 59);

        group.Enlist("verify", other.Job(batchSize: 37, shards: 7, epochs: 1), Expect(group, PerEpoch), 0);
        var failure = (await group.ReportAsync(0, report => report.Failure is not null)).Failure;
        Assert.Equal(Kind.OtherData, failure.Kind);
        Assert.Matches($"^the fingerprint of images and labels is [0-9a-f]{{16}}, on record is {recorded} \\(generation 1.1\\)$", failure.Message);
        group.Release("verify");
        await group.AllIdleAsync();
    }

    [Fact]
    public async Task A_record_that_has_lost_hashes_since_verifies_nothing()
    {
        using var data = new TinyData(train: 211, test: 53);
        var spec = data.Job(batchSize: 37, shards: 7, epochs: 1);
        await using var group = await new WorkerGroup(1).ReadyAsync();
        await group.TrainAsync("job", spec);
        Rewrite(group, StepHashFiles.Read(Files(group)), hash => hash.Item is 3 or 5 ? null : hash);

        group.Enlist("verify", spec, new Expectation { Artifacts = Folder(group), FirstItem = 2, LastItem = PerEpoch, Recorded = PerEpoch - 1 }, 0);
        var failure = (await group.ReportAsync(0, report => report.Failure is not null)).Failure;
        Assert.Equal((Kind.Record, $"6 hashes of items 2 to 7 were on record when this was asked for, here {StepHashFiles.In(Files(group))} has 4"), (failure.Kind, failure.Message));
        group.Release("verify");
        await group.AllIdleAsync();
    }

    private async Task<WorkerReport[]> VerifyAsync(WorkerGroup group, JobSpec spec, ulong last)
    {
        var all = Enumerable.Range(0, group.Workers.Count).ToArray();
        await group.EnlistAsync("verify", spec, Expect(group, last), all);
        group.Start("verify", spec, 1, all);
        var verdicts = await Task.WhenAll(all.Select(worker => group.ReportAsync(worker, report => report.Job == "verify" && _isVerdict(report))));
        group.Release("verify");
        await group.AllIdleAsync();
        return verdicts;
    }

    private static FolderStore Files(WorkerGroup group) => new(Folder(group));

    private static string Folder(WorkerGroup group) => Path.Combine(group.Artifacts, "job");

    private static Expectation Expect(WorkerGroup group, ulong last) => new() { Artifacts = Folder(group), LastItem = last };

    private static void Rewrite(WorkerGroup group, IReadOnlyDictionary<ulong, RecordedHash> recorded, Func<StepHash, StepHash?> change)
    {
        Directory.Delete(StepHashFiles.In(Files(group)), recursive: true);
        new StepHashWriter(Files(group), recorded[1].Origin).Append([.. recorded.Values.OrderBy(value => value.Hash.Item).Select(value => change(value.Hash)).OfType<StepHash>()]);
    }
}
