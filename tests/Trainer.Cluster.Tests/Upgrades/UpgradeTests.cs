using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;
using Trainer.Coordinator.Tests.Store;
using Trainer.Protos;

namespace Trainer.Cluster.Tests.Upgrades;

/// <summary>Processes of the release before and of this one in one cluster: what they say to each other, send each other and store is understood, and the weights are the same.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class UpgradeTests(FiveWorkers others) : IDisposable
{
    private const string Before = "before";
    private const string Now = "now";

    // How many steps a job makes in each state of the cluster, at least.
    private const int Steps = 10;

    // The hash of the job's weights, once somebody has trained it undisturbed.
    private static string? _known;

    // While it is there, each step of a worker takes its time.
    private readonly string _slow = Path.Combine(Path.GetTempPath(), $"trainer-upgrade-{Guid.NewGuid():n}");

    private static readonly TinyJob Job = TinyJob.Everything(workers: 2) with { Epochs = 60, MinWorkers = 1, CheckpointSeconds = 3 };

    public void Dispose() => File.Delete(_slow);

    [Theory]
    [InlineData(Before, Now, Now)]
    [InlineData(Now, Before, Before)]
    [InlineData(Now, Before, Now)]
    [InlineData(Before, Now, Before)]
    public async Task Releases_that_meet_train_a_job_to_its_weights(params string[] releases)
    {
        var programs = await ProgramsAsync();
        await using var cluster = await Coordinators.StartAsync(coordinators: 1, workers: 2, store: null, program: number => programs[releases[number]]);
        var file = (Job with { MinWorkers = 2 }).Write(cluster.Home);

        await EndsRightAsync(cluster, await cluster.SubmitAsync(file), file);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_job_goes_on_while_all_processes_are_replaced_one_after_the_other(bool coordinatorFirst)
    {
        var programs = await ProgramsAsync();
        await using var cluster = await StartOldAsync(coordinators: 1, store: null, programs);
        var (id, file) = await BeginAsync(cluster);

        if (coordinatorFirst)
        {
            await ReplaceCoordinatorAsync(cluster, 0, programs[Now], id);
        }

        await ReplaceWorkersAsync(cluster, programs[Now], id);
        if (!coordinatorFirst)
        {
            await ReplaceCoordinatorAsync(cluster, 0, programs[Now], id);
        }

        await GoesOnToItsEndAsync(cluster, id, file);
    }

    /// <summary>One of each release: entities, the scheduler and the store are handed over from one to the other, and back.</summary>
    [Fact]
    public async Task Coordinators_of_both_releases_share_a_store()
    {
        await using var postgres = await PostgresServer.StartAsync();
        Assert.SkipWhen(postgres is null, PostgresServer.Missing);
        var programs = await ProgramsAsync();
        await using var cluster = await StartOldAsync(coordinators: 2, postgres.NewDatabase(), programs);
        var (id, file) = await BeginAsync(cluster);

        await ReplaceCoordinatorAsync(cluster, 1, programs[Now], id);
        await ReplaceWorkersAsync(cluster, programs[Now], id);
        await ReplaceCoordinatorAsync(cluster, 0, programs[Now], id);

        await GoesOnToItsEndAsync(cluster, id, file);
    }

    private static async Task<Dictionary<string, string>> ProgramsAsync() =>
        new(StringComparer.Ordinal) { [Before] = await ReleaseBefore.ProgramAsync(), [Now] = TrainerProcess.Executable };

    private Task<Coordinators> StartOldAsync(int coordinators, string? store, Dictionary<string, string> programs) =>
        Coordinators.StartAsync(coordinators, workers: 2, store, new Dictionary<string, string>(StringComparer.Ordinal) { ["TRAINER_CHAOS_PROBE"] = $"forward:200:pause:{_slow}" }, program: _ => programs[Before]);

    private async Task<(string Id, string File)> BeginAsync(Coordinators cluster)
    {
        await File.WriteAllBytesAsync(_slow, [], CancellationToken.None);
        var file = Job.Write(cluster.Home);
        var id = await cluster.SubmitAsync(file);
        await TrainsOnAsync(cluster, id);
        return (id, file);
    }

    private static async Task ReplaceWorkersAsync(Coordinators cluster, string program, string job)
    {
        for (var number = 0; number < 2; number++)
        {
            await cluster.UpgradeWorkerAsync(number, program);
            await cluster.UntilAsync(async () => (await cluster.TellAsync(0, job)).Workers.Count == 2);
            await TrainsOnAsync(cluster, job);
        }
    }

    private static async Task ReplaceCoordinatorAsync(Coordinators cluster, int number, string program, string job)
    {
        await cluster.UpgradeCoordinatorAsync(number, program);
        await cluster.WholeAsync();
        await TrainsOnAsync(cluster, job);
    }

    private static async Task TrainsOnAsync(Coordinators cluster, string job)
    {
        var from = 0ul;
        await cluster.UntilAsync(async () => (from = await cluster.StepAsync(0, job)) > 0 || true);
        await cluster.UntilAsync(async () => await cluster.StepAsync(0, job) >= from + Steps);
    }

    private async Task GoesOnToItsEndAsync(Coordinators cluster, string id, string file)
    {
        Assert.True((await cluster.TellAsync(0, id)).EndTime is null, "The job was to train meanwhile.");
        File.Delete(_slow);
        await EndsRightAsync(cluster, id, file);
        await cluster.NothingIsLostAsync(0, id);
    }

    private async Task EndsRightAsync(Coordinators cluster, string id, string file)
    {
        var job = await cluster.EndAsync(0, id);
        _known ??= (await (await others.ClusterAsync()).TrainAsync(file)).GetProperty("weights_sha256").GetString();
        Assert.True((job.State, job.Result?.WeightsSha256) == (JobState.Succeeded, _known), $"{job.State} {job.Message}: weights {job.Result?.WeightsSha256}, expected {_known}\n{cluster.Logs()}");
    }
}
