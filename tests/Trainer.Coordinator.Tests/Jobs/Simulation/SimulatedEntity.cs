using Google.Protobuf;
using Trainer.Coordinator.Jobs;
using Trainer.Coordinator.Store;

namespace Trainer.Coordinator.Tests.Jobs.Simulation;

/// <summary>A job's entity: carries out what the real machine decides, in the order given, and nothing after a write that came too late.</summary>
internal sealed class SimulatedEntity(SimulatedCluster cluster, JobRow row)
{
    private static readonly JobSettings Settings = new() { Artifacts = "/artifacts", SharesInterval = TimeSpan.FromSeconds(4), SharesSettle = TimeSpan.FromSeconds(0.5) };

    private bool _isOver;

    public JobMachine Machine { get; private set; } = JobMachine.Of(row, Settings, ByteString.Empty, cluster.Now);

    public void Decide(JobEvent e)
    {
        if (_isOver)
        {
            return;
        }

        var before = Machine;
        (Machine, var actions) = before.Decide(e);
        if (Machine.Phase.GetType() != before.Phase.GetType() || Machine.Row.State != before.Row.State)
        {
            cluster.Note($"{e.GetType().Name} {(e as Reported)?.Report.ReportCase}: {Machine.Phase.GetType().Name} {Machine.Row.Generation.Text()} from {Machine.Row.Committed.Item} {Machine.Row.State} {Machine.Row.Message}");
        }

        // Who asks which generation is at work hears what a report says of its items only once it knows.
        if (actions.All(Do) && e is Reported report && before.Phase is not Asking)
        {
            cluster.Promises.ARepeatedReportChangesNothing(Machine, report);
        }
    }

    // False: nothing more is to be done.
    private bool Do(JobAction action)
    {
        switch (action)
        {
            case SaveRow save when !cluster.Save(save.Row):
                return Stop();
            case SaveRow when cluster.DiesOnceItStored:
                cluster.DiesOnceItStored = false;
                cluster.RestartEntity(after: 0.5);
                _isOver = true;
                return false;
            case Order order:
                cluster.Send(order);
                break;
            case TellScheduler tell:
                cluster.Send(tell);
                break;
            case BeginAnew anew:
                Assert.True(cluster.Stored.Term >= anew.HeardTerm, $"Nobody took term {anew.HeardTerm}.");
                return Stop();
        }

        return true;
    }

    private bool Stop()
    {
        cluster.Note($"the entity of term {Machine.Row.Term} stops");
        cluster.Remove(this);
        _isOver = true;
        return false;
    }
}
