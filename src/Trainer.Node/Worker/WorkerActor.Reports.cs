using Akka.Actor;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Training;
using Trainer.Node.Links;
using Trainer.Node.Training;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Worker;

/// <summary>What the worker says, to whom it belongs.</summary>
public sealed partial class WorkerActor
{
    private bool IsOurs(string job, Generation generation) => job == Serving.Job && Serving.Obeys(generation);

    private bool OfThisGeneration(TrainingRun.Prepared message) => message.Generation == Serving.Generation;

    private bool OfThisGeneration(TrainingRun.Committed message) => message.Generation == Serving.Generation;

    private bool OfThisGeneration(TrainingRun.Completed message) => message.Generation == Serving.Generation;

    private bool OfThisGeneration(TrainingRun.Failed message) => message.Generation == Serving.Generation;

    private bool OfThisGeneration(TrainingRun.Over message) => message.Generation == Serving.Generation;

    private void Publish(TrainingRun.Committed committed)
    {
        if (committed.Epoch is { } epoch)
        {
            Serving.Epochs.Add(new EpochReport { Summary = epoch, Step = committed.Progress.Step });
        }

        if (Serving.Rank == 0)
        {
            Say(new WorkerReport { Step = new StepReport { Progress = committed.Progress } });
            if (committed.Epoch is not null)
            {
                Say(new WorkerReport { Epoch = Serving.Epochs[^1] });
                if (JobNotes.Of(committed.Epoch) is { } note)
                {
                    Log(note);
                }
            }
        }
    }

    private void Answer(Query query)
    {
        SayAlive();
        if (Serving.Rank == 0)
        {
            foreach (var epoch in Serving.Epochs.Where(epoch => epoch.Summary.Epoch > query.EpochsKnown))
            {
                Say(new WorkerReport { Epoch = epoch });
            }
        }
    }

    private void SayAlive()
    {
        if (_membership?.LastWord is { } lastWord)
        {
            _agent.Tell(lastWord);
        }
        else if (_membership is { } membership)
        {
            var phase = membership.AllReduce is null ? "linking" : "training";
            Say(new WorkerReport
            {
                Alive = new Alive { Step = membership.Run?.Applied ?? 0, Phase = phase, EpochsClosed = (uint)membership.Epochs.Count },
            });
        }
    }

    private void Log(string message) =>
        Say(new WorkerReport { Log = new LogLine { Message = message, UnixMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() } });

    private void SayBusy(string job, Generation generation) => Tell(
        new WorkerReport { Busy = new Busy { Job = _membership?.Job ?? "", Generation = _membership?.Generation.ToMessage() } }, job, generation);

    private void Say(WorkerReport report) => Tell(report, Serving.Job, Serving.Generation.ToMessage());

    private void Tell(WorkerReport report, string job, Generation generation)
    {
        (report.Job, report.Worker, report.Incarnation, report.Generation) = (job, _options.Name, _options.Incarnation, generation);
        _agent.Tell(report);
    }

    /// <summary>What a device can compute in beside exact float32.</summary>
    private static IEnumerable<Arithmetic> InexactArithmetics(Device device) =>
        from precision in Precision.All
        let numerics = precision.NumericsIdOn(device)
        where precision != Precision.Exact && numerics is not null
        select new Arithmetic { Compute = precision.ComputeWord, Gradients = precision.GradientsWord, Numerics = numerics };

    private void SayStatus()
    {
        var status = new WorkerStatus
        {
            Worker = _options.Name,
            Incarnation = _options.Incarnation,
            Host = _options.Host,
            Device = _options.Device.Description,
            DeviceKind = _options.Device.Kind,
            Threads = (uint)_options.Device.Threads,
            Numerics = _options.Device.NumericsId,
            Job = _membership?.Job ?? "",
            Generation = _membership?.Generation.ToMessage(),
            Leaving = _leaving,
        };
        status.Arithmetics.AddRange(_arithmetics);
        status.LinkEndpoints.AddRange(_options.Listener.Endpoints.Select(endpoint => endpoint.ToString()));
        _agent.Tell(status);
    }
}
