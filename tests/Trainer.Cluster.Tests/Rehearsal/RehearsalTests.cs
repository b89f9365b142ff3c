using System.Diagnostics;
using Trainer.Cluster.Tests.Chaos;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;
using Trainer.Cluster.Tests.Upgrades;

namespace Trainer.Cluster.Tests.Rehearsal;

/// <summary>What deploy/k8s says, carried out by processes of this machine: what happens to pods happens to them, and a job ends with the weights of one that nobody disturbed.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class RehearsalTests(ITestOutputHelper output)
{
    private const string Slow = "TRAINER_CHAOS_PROBE=forward:600:pause:/data/slow";
    private static readonly string Now = Path.GetDirectoryName(TrainerProcess.Executable)!;

    private readonly Stopwatch _clock = Stopwatch.StartNew();

    [Fact]
    public async Task A_job_goes_on_while_pods_die_move_hang_are_drained_get_new_certificates_and_a_new_image()
    {
        var before = Path.GetDirectoryName(await ReleaseBefore.ProgramAsync())!;
        await using var cluster = await RehearsalCluster.StartAsync("cpu-dev", before, families: [4], more: [Slow], workers: 3);
        Tell("a coordinator and three workers of the release before are ready");
        await NobodyReachesWhatThePoliciesCloseAsync(cluster);
        Tell("the network policies hold");
        var job = Job(cluster);
        string undisturbed;
        using (var alone = new Follower(cluster, "alone.yaml", job))
        {
            undisturbed = await alone.WeightsAsync(cluster);
        }

        Tell("an undisturbed job has ended");
        var slow = Path.Combine(cluster.Data, "slow");
        await File.WriteAllBytesAsync(slow, [], CancellationToken.None);
        using var follower = new Follower(cluster, "job.yaml", job);
        await TrainsOnAsync(3);

        var (hung, killed) = (cluster.Workers[0], cluster.Workers[1]);
        Assert.True(Signals.Kill(killed.Id!.Value));
        await cluster.UntilAsync("a killed container starts again", () => killed is { Restarts: 1, IsReady: true });
        await TrainsOnAsync(3);
        Tell("a container was killed, and started again in its pod");

        Assert.True(Signals.Stop(hung.Id!.Value)); // Its probe is to find out, and SIGTERM to be of no use: it takes 60 s and 75 s, in which the rest happens.
        await TrainsOnAsync(2);
        await cluster.DeleteAsync(killed, force: true);
        await TrainsOnAsync(1);
        var another = await cluster.StartPodAsync(killed.Workload, before);
        Assert.NotEqual(killed.Address, another.Address);
        await TrainsOnAsync(2);
        Tell("a pod was lost with its address, and another one came");

        var old = cluster.Coordinator;
        await cluster.DeleteAsync(old, force: true);
        var coordinator = await cluster.StartPodAsync(old.Workload, before);
        Assert.True(coordinator.Name == old.Name && coordinator.Address != old.Address);
        await cluster.ReadyAsync(coordinator);
        await TrainsOnAsync(2);
        Tell("the coordinator was lost, and came back with another address");

        await cluster.RotateAsync();
        List<Pod> awake = [coordinator, .. cluster.Workers.Where(worker => worker != hung)];
        await cluster.UntilAsync("certificates are exchanged", () => awake.TrueForAll(pod => pod.Says("Certificates were exchanged")));
        Tell("certificates were exchanged");

        var drained = cluster.Workers.Last(worker => worker != hung);
        var draining = Stopwatch.StartNew();
        await cluster.DeleteAsync(drained);
        Assert.True(drained.ExitCode == 0 && draining.Elapsed < TimeSpan.FromSeconds(drained.Workload.Pod.TerminationGracePeriodSeconds!.Value), $"{drained.Name} ended with {drained.ExitCode} after {draining.Elapsed}\n{cluster.Log()}");
        await cluster.StartPodAsync(drained.Workload, before);
        await TrainsOnAsync(2);
        Tell($"a pod was drained in {draining.Elapsed.TotalSeconds:f1} s");

        foreach (var worker in cluster.Workers.Where(worker => worker != hung).ToList())
        {
            await cluster.ReplaceAsync(worker, Now);
            await TrainsOnAsync(2);
        }

        await cluster.ReplaceAsync(cluster.Coordinator, Now);
        await TrainsOnAsync(2);
        Tell("all other pods have the new image");

        await cluster.UntilAsync("liveness starts a hung container again", () => hung is { Restarts: 1, IsReady: true }, TimeSpan.FromSeconds(200));
        await cluster.ReplaceAsync(hung, Now);
        await TrainsOnAsync(2);
        Tell("the hung container was started again, and its pod replaced");

        Assert.False(follower.HasEnded, $"The job was to train meanwhile. {follower.Last}");
        File.Delete(slow);
        Assert.Equal(undisturbed, await follower.WeightsAsync(cluster));
        Assert.All(cluster.Workers.Append(cluster.Coordinator), pod => Assert.Equal((0, Now), (pod.Restarts, pod.Image)));

        async Task TrainsOnAsync(ulong steps)
        {
            var from = follower.Step;
            await cluster.UntilAsync($"the job makes {steps} steps", () => follower.Step >= from + steps || follower.HasEnded);
            Assert.False(follower.HasEnded, $"{follower.Last}\n{cluster.Log()}");
        }
    }

    /// <summary>The chart's services are of one family, a pod's probes ask at its first address, and its name has both.</summary>
    [Fact]
    public async Task Pods_with_addresses_of_both_families_are_reached_by_the_first()
    {
        await using var cluster = await RehearsalCluster.StartAsync("cpu-dev", Now, families: [6, 4], more: []);
        using var follower = new Follower(cluster, "job.yaml", Job(cluster));

        Assert.NotEmpty(await follower.WeightsAsync(cluster));
    }

    /// <summary>The kernel brings the first process of a container no SIGKILL of its own. Its pod has addresses of both families, IPv4's first.</summary>
    [Fact]
    public async Task A_worker_whose_thread_is_stuck_for_ever_ends_itself_and_is_started_again()
    {
        await using var cluster = await RehearsalCluster.StartAsync("cpu-dev", Now, families: [4, 6], more: ["TRAINER_CHAOS_PROBE=forward:600000:pause:/cache/stuck"]);
        using var follower = new Follower(cluster, "job.yaml", Job(cluster));
        await cluster.UntilAsync("the job trains", () => follower.Step > 20);
        var stuck = cluster.Workers[0];
        await File.WriteAllBytesAsync(Path.Combine(cluster.VolumeOf(stuck, "cache"), "stuck"), [], CancellationToken.None);

        Assert.NotEmpty(await follower.WeightsAsync(cluster));
        await cluster.UntilAsync("it is started again", () => stuck is { Restarts: 1, IsReady: true });
        Assert.True(stuck.ExitCode == 137, stuck.Log); // Its own: who is killed from without is 1 here.
    }

    private static string Job(RehearsalCluster cluster)
    {
        var file = new TinyJob(Epochs: 120, MinWorkers: 1, MaxWorkers: 3).Write(cluster.Data);
        return File.ReadAllText(file).Replace(cluster.Data, "/data", StringComparison.Ordinal);
    }

    private static async Task NobodyReachesWhatThePoliciesCloseAsync(RehearsalCluster cluster)
    {
        var (coordinator, worker, other, client) = (cluster.Coordinator, cluster.Workers[0], cluster.Workers[1], cluster.ClientPlace);
        var monitoring = await cluster.StrangerAsync("monitoring", "prometheus", new Dictionary<string, string>());
        var elsewhere = await cluster.StrangerAsync("default", "elsewhere", new Dictionary<string, string> { ["app.kubernetes.io/name"] = "worker", ["trainer-client"] = "true" });
        var unlabelled = await cluster.StrangerAsync("trainer", "unlabelled", new Dictionary<string, string>());
        (PodPlace From, Pod To, int[] Open)[] expected =
        [
            (client, coordinator, [5000]), (client, worker, []),
            (monitoring, coordinator, [9090]), (monitoring, worker, [9090]),
            (elsewhere, coordinator, []), (elsewhere, worker, []),
            (unlabelled, coordinator, []), (unlabelled, worker, []),
            (cluster.PlaceOf(coordinator), worker, [4053]), (cluster.PlaceOf(worker), coordinator, [4053]), (cluster.PlaceOf(worker), other, [4053, 6000]),
        ];
        await Task.WhenAll(
            from way in expected
            from port in (int[])[4053, 5000, 6000, 9090]
            where port != (way.To.Workload.IsWorker ? 5000 : 6000) // Nobody listens there.
            select ReachesAsync(way.From, way.To, port, way.Open.Contains(port)));

        async Task ReachesAsync(PodPlace from, Pod to, int port, bool open) =>
            Assert.True(await from.ReachesAsync(to.Address, port) == open, $"{from.Fields.Name} {(open ? "does not reach" : "reaches")} {to.Name}:{port}\n{cluster.Log()}");
    }

    private void Tell(string what) => output.WriteLine($"{_clock.Elapsed.TotalSeconds,6:f1} s  {what}");
}
