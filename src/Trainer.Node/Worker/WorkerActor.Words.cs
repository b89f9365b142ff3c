using Akka.Actor;
using Microsoft.Extensions.Logging;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Training;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Worker;

/// <summary>What the worker says.</summary>
public sealed partial class WorkerActor
{
    /// <summary>What only the process knows.</summary>
    private WorkerReport Complete(WorkerReport report)
    {
        if (report.Started is { } started)
        {
            started.Device = _options.Device.Description;
        }

        return report;
    }

    private void LogWhatMatters(WorkerReport report)
    {
        if (report.Failure is { } failure)
        {
            _options.Logger.LogError("Job {Job}: {Reason}", report.Job, failure.Message);
        }
        else if (report.LinkLost is { } lost)
        {
            _options.Logger.LogWarning("Job {Job}: no link to {Peer} at step {Step}: {Reason}", report.Job, lost.Peer, lost.Step, lost.Message);
        }
        else if (report.Waiting is { } waiting)
        {
            _options.Logger.LogWarning("Job {Job}: item {Item} waits for {What} from {From}", report.Job, waiting.Item, waiting.What, string.Join(", ", waiting.From));
        }
    }

    /// <summary>What a device can compute in beside exact float32.</summary>
    private static IEnumerable<Arithmetic> InexactArithmetics(Device device) =>
        from precision in Precision.All
        let numerics = precision.NumericsIdOn(device)
        where precision != Precision.Exact && numerics is not null
        select new Arithmetic { Compute = precision.ComputeWord, Gradients = precision.GradientsWord, Numerics = numerics };

    private void TellStatus()
    {
        var status = new WorkerStatus
        {
            Worker = _options.Name,
            Incarnation = _options.Incarnation,
            Host = _options.Routes.Host,
            Machine = _options.Machine,
            DeviceName = _options.Device.Name,
            Device = _options.Device.Description,
            DeviceKind = _options.Device.Kind,
            Threads = (uint)_options.Device.Threads,
            Numerics = _options.Device.NumericsId,
            Job = _machine.Job,
            Generation = _machine.Generation.ToMessage(),
            Leaving = _machine.IsLeaving,
            LastEnd = _options.LastEnd,
        };
        status.Arithmetics.AddRange(_arithmetics);
        status.LinkEndpoints.AddRange(_options.Listener.Endpoints.Select(endpoint => endpoint.ToString()));
        _agent.Tell(status);
    }
}
