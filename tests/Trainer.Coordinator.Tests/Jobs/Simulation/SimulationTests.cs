using Trainer.Coordinator.Jobs;
using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Jobs.Simulation;

/// <summary>Random orders of events, losses, delays and duplicates. What must never be is asserted by the cluster; what must come is asserted here.</summary>
public sealed class SimulationTests
{
    private const ulong Items = 40;
    private static readonly int Cases = int.Parse(Environment.GetEnvironmentVariable("TRAINER_SIMULATIONS") ?? "20", System.Globalization.CultureInfo.InvariantCulture);

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 12)];

    [Fact]
    public void Undisturbed_it_succeeds()
    {
        var cluster = Cluster(seed: 1, workers: 3);
        cluster.Pass(60, () => cluster.Stored.HasEnded);
        Verify(cluster);
        Assert.Equal(0ul, cluster.Stored.Journal.Aggregate(0ul, (sum, entry) => sum + entry.StepsRedone));
    }

    [Fact]
    public void All_die_and_one_of_them_for_good_the_job_goes_on_from_its_checkpoint()
    {
        var cluster = Cluster(seed: 1, workers: 2);
        cluster.Pass(60, () => cluster.Stored.Checkpoints.Count > 0);
        cluster.Kill("w0", comesBack: false);
        cluster.Kill("w1");
        cluster.Pass(120, () => cluster.Stored.HasEnded);
        Verify(cluster);
    }

    [Fact]
    public void Whose_connection_has_closed_is_not_awaited_though_others_have_not_seen_their_links_close()
    {
        var cluster = Cluster(seed: 1, workers: 3);
        cluster.LinksAreStale = true;
        cluster.Pass(60, () => cluster.Highest > 5);
        var (killed, generation) = (cluster.Time, cluster.Stored.Generation.Number);
        cluster.Kill("w1", comesBack: false);
        cluster.Pass(60, () => cluster.Stored.Generation.Number > generation);
        Assert.InRange(cluster.Time - killed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Whatever_happens_it_succeeds_once_that_stops(int block)
    {
        for (var seed = Cases * block; seed < Cases * (block + 1); seed++)
        {
            Run(seed);
        }
    }

    private static void Run(int seed)
    {
        var cluster = Cluster(seed, workers: 1 + seed % 4);
        try
        {
            cluster.Unreliable = 0.05 * (seed % 3);
            for (var round = 0; round < 12 && !cluster.Stored.HasEnded; round++)
            {
                cluster.Pass(cluster.Delay(3).TotalSeconds, () => cluster.Stored.HasEnded);
                Disturb(cluster);
            }

            cluster.Unreliable = 0;
            Calm(cluster);
            cluster.Pass(600, () => cluster.Stored.HasEnded);
            Verify(cluster);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Seed {seed}: {e.Message}\n{string.Join('\n', cluster.Trace.TakeLast(80))}\n{string.Join('\n', cluster.Workers.Values.Select(w => $"{w.Incarnation} {w.Phase} {w.Job} applied {w.Applied} committed {w.Committed} {w.Generation?.Generation} up {w.IsUp}"))}\n{cluster.Machine.Phase} {cluster.Stored.State} {cluster.Stored.Generation}\n{e.StackTrace}", e);
        }
    }

    private static void Disturb(SimulatedCluster cluster)
    {
        var name = $"w{cluster.Pick(cluster.Workers.Count)}";
        var worker = cluster.Workers[name];
        switch (cluster.Pick(9))
        {
            case 0 or 1 or 2 when worker.IsAlive:
                cluster.Kill(name);
                break;
            case 3:
                worker.HangsUntil = cluster.Time + cluster.Delay(8);
                cluster.Trace.Add($"{cluster.Time}: {name} hangs until {worker.HangsUntil}");
                break;
            case 4:
                cluster.RestartEntity();
                break;
            case 5:
                cluster.Request(new SuspendRequested(cluster.Now, ""));
                break;
            case 6:
                cluster.Request(new ResumeRequested(cluster.Now, ""));
                break;
            case 7:
                cluster.Drain(name, undo: cluster.Happens(0.5));
                break;
            case 8:
                cluster.Request(new ScaleRequested(cluster.Now, 1, (uint)(1 + cluster.Pick(4)), ""));
                break;
        }
    }

    private static void Calm(SimulatedCluster cluster)
    {
        foreach (var name in cluster.Workers.Keys)
        {
            cluster.Drain(name, undo: true);
        }

        if (cluster.Stored.Desired == Desired.Suspend)
        {
            cluster.Request(new ResumeRequested(cluster.Now, ""));
        }
    }

    private static void Verify(SimulatedCluster cluster)
    {
        var row = cluster.Stored;
        Assert.Equal((JobState.Succeeded, $"{Items}"), (row.State, row.Result?.WeightsSha256));
        Assert.Equal(Items, row.Journal.Aggregate(0ul, (sum, entry) => sum + entry.Items));
        Assert.Equal(3 * Items, row.Journal.Aggregate(0ul, (sum, entry) => sum + entry.Samples));
    }

    private static SimulatedCluster Cluster(int seed, int workers)
    {
        var spec = Samples.Spec(shards: 4, epochs: 1);
        spec.Cluster.Checkpoint = new CheckpointSection { EverySeconds = (uint)(seed % 2 * 2), Keep = 2 };
        return new SimulatedCluster(seed, workers, spec, Items);
    }
}
