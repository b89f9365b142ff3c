using System.Globalization;
using CsCheck;
using Trainer.Coordinator.Jobs;
using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Jobs.Simulation;

/// <summary>Random orders of events, losses, delays and duplicates. What must never be is asked by <see cref="Promises"/> as it happens; what must come is asked here.</summary>
public sealed class SimulationTests
{
    private static readonly int Cases = int.Parse(Environment.GetEnvironmentVariable("TRAINER_SIMULATIONS") ?? "400", CultureInfo.InvariantCulture);

    private static readonly int From = int.Parse(Environment.GetEnvironmentVariable("TRAINER_SIMULATIONS_FROM") ?? "0", CultureInfo.InvariantCulture);

    [Fact]
    public void Undisturbed_it_succeeds()
    {
        var cluster = Cluster(new Scenario(3, 40, 0, 0, 1, []));
        cluster.Pass(60, () => cluster.Stored.HasEnded);
        cluster.Promises.NothingWaitsForEver(cluster.Stored);
        Assert.Equal(0ul, cluster.Stored.Journal.Aggregate(0ul, (sum, entry) => sum + entry.StepsRedone));
    }

    [Fact]
    public void All_die_and_one_of_them_for_good_the_job_goes_on_from_its_checkpoint()
    {
        var cluster = Cluster(new Scenario(2, 40, 2, 0, 1, []));
        cluster.Pass(60, () => cluster.Stored.Checkpoints.Count > 0);
        cluster.Kill("w0", comesBack: false);
        cluster.Kill("w1");
        cluster.Pass(120, () => cluster.Stored.HasEnded);
        cluster.Promises.NothingWaitsForEver(cluster.Stored);
    }

    [Fact]
    public void Whose_connection_has_closed_is_not_awaited_though_others_have_not_seen_their_links_close()
    {
        var cluster = Cluster(new Scenario(3, 40, 0, 0, 1, []));
        cluster.LinksAreStale = true;
        cluster.Pass(60, () => cluster.Promises.Highest > 5);
        var (killed, generation) = (cluster.Time, cluster.Stored.Generation.Number);
        cluster.Kill("w1", comesBack: false);
        cluster.Pass(60, () => cluster.Stored.Generation.Number > generation);
        Assert.InRange(cluster.Time - killed, TimeSpan.Zero, TimeSpan.FromSeconds(2.2));
    }

    /// <summary>
    /// The same cases each time: TRAINER_SIMULATIONS is how many, TRAINER_SIMULATIONS_FROM the first one's number. CsCheck_Seed, which a failure names, runs one again.
    /// </summary>
    [Fact]
    public void Whatever_happens_it_succeeds_once_that_stops()
    {
        if (Environment.GetEnvironmentVariable("CsCheck_Seed") is { Length: > 0 } seed)
        {
            Try(seed);
        }
        else
        {
            Parallel.For(From, From + Cases, number => Try(new PCG(1, (ulong)number).ToString()));
        }
    }

    [Fact]
    [Trait("Category", "Long")]
    public void Whatever_happens_it_succeeds_in_thousands_of_cases() => Parallel.For(From + Cases, From + Cases + 5000, number => Try(new PCG(1, (ulong)number).ToString()));

    private static void Try(string seed) => Scenario.Any.Sample(Run, seed: seed, iter: 1, threads: 1, print: scenario => $"{scenario}\n{Tell(scenario)}");

    private static void Run(Scenario scenario) => Run(Cluster(scenario), scenario);

    private static void Run(SimulatedCluster cluster, Scenario scenario)
    {
        cluster.Unreliable = scenario.Unreliable;
        foreach (var disturbance in scenario.Disturbances)
        {
            cluster.Pass(disturbance.After, () => cluster.Stored.HasEnded);
            if (cluster.Stored.HasEnded)
            {
                break;
            }

            Disturb(cluster, disturbance);
        }

        cluster.Pass(0.5);
        cluster.Unreliable = 0;
        Calm(cluster);
        cluster.Pass(600, () => cluster.Stored.HasEnded);
        cluster.Promises.NothingWaitsForEver(cluster.Stored);
    }

    // What happened in a case that fails.
    private static string Tell(Scenario scenario)
    {
        var cluster = Cluster(scenario);
        try
        {
            Run(cluster, scenario);
            return "";
        }
        catch (Exception e)
        {
            return $"{e.Message}\n{string.Join('\n', cluster.Trace.TakeLast(60))}\n"
                + string.Join('\n', cluster.Workers.Values.Select(w => $"{w.Incarnation} {w.Phase} '{w.Job}' at {w.Current?.Item}, committed {w.Committed}, in {w.Membership?.Number}, up {w.IsUp}"))
                + $"\n{string.Join('\n', cluster.Entities.Select(entity => entity.Machine.Phase))}\n{e.StackTrace}";
        }
    }

    private static void Disturb(SimulatedCluster cluster, Disturbance disturbance)
    {
        var name = $"w{disturbance.Worker % cluster.Workers.Count}";
        var worker = cluster.Workers[name];
        cluster.Note($"{disturbance.Blow} {name} {disturbance.Amount:0.00}");
        switch (disturbance.Blow)
        {
            case Blow.Kill when worker.IsAlive:
                cluster.Kill(name);
                break;
            case Blow.KillForGood when worker.IsAlive && cluster.Workers.Values.Count(other => other.IsAlive) > 1:
                cluster.Kill(name, comesBack: false);
                break;
            case Blow.Hang:
                worker.HangsUntil = cluster.Time + TimeSpan.FromSeconds(8 * disturbance.Amount);
                break;
            case Blow.Leave when worker.IsUp:
                worker.Decide(new Node.Worker.LeaveAsked());
                break;
            case Blow.CutLink:
                cluster.CutLink(worker, disturbance.Worker);
                break;
            case Blow.RestartEntity:
                cluster.RestartEntity(2 * disturbance.Amount);
                break;
            case Blow.RestartEntityOnceItStored:
                cluster.DiesOnceItStored = true;
                break;
            case Blow.Usurp:
                cluster.TakeTerm();
                break;
            case Blow.Suspend:
                cluster.Request(new SuspendRequested(cluster.Now, ""));
                break;
            case Blow.Resume:
                cluster.Request(new ResumeRequested(cluster.Now, ""));
                break;
            case Blow.Drain or Blow.Undrain:
                cluster.Drain(name, undo: disturbance.Blow == Blow.Undrain);
                break;
            case Blow.Scale:
                var most = (uint)(1 + disturbance.Worker % 4);
                cluster.Request(Samples.Scale(cluster.Now, disturbance.Amount < 0.3 ? most : 1, most, ""));
                break;
        }
    }

    // Somebody lives, nobody is drained, and the user wants the job to run.
    private static void Calm(SimulatedCluster cluster)
    {
        cluster.DiesOnceItStored = false;
        cluster.Pass(3);
        foreach (var name in cluster.Workers.Keys)
        {
            cluster.Drain(name, undo: true);
        }

        cluster.Request(Samples.Scale(cluster.Now, 1, 4, ""));
        if (cluster.Stored.Desired == Desired.Suspend)
        {
            cluster.Request(new ResumeRequested(cluster.Now, ""));
        }
    }

    private static SimulatedCluster Cluster(Scenario scenario)
    {
        var spec = Samples.Spec(shards: 4, epochs: 1);
        spec.Cluster.Checkpoint = new CheckpointSection { EverySeconds = (uint)scenario.CheckpointSeconds, Keep = 2 };
        return new SimulatedCluster(scenario.Seed, scenario.Workers, spec, (ulong)scenario.Items);
    }
}
