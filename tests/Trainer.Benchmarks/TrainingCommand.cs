using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using Akka.Actor;
using Microsoft.Extensions.Logging.Abstractions;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Metrics;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Node;
using Trainer.Node.Links;
using Trainer.Node.Tests.Reduction;
using Trainer.Node.Worker;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Benchmarks;

/// <summary>
/// <c>training [workers] [threads] [epochs] [batch]</c>: LeNet on Fashion-MNIST, all workers in one process over Unix-domain sockets,
/// each with its own compute threads; the control plane is left out.
/// </summary>
internal static class TrainingCommand
{
    private const string Job = "benchmark";
    private const int Shards = 16;

    public static int Run(string[] args)
    {
        var (workers, threads, epochs, batch) = (Number(args, 0, 2), Number(args, 1, 1), Number(args, 2, 3), Number(args, 3, 256));
        var folder = Directory.CreateTempSubdirectory("trainer-bench-").FullName;
        var system = TrainingSystem.Create();
        using var metrics = new NodeMetrics("worker");
        using var said = new BlockingCollection<object>();
        var ear = system.ActorOf(Props.Create(() => new Ear(said)));
        var refs = Enumerable.Range(0, workers).Select(i => StartWorker(system, i, threads, folder, metrics.Workers[0], ear)).ToArray();
        var members = refs.Select(_ => Take<WorkerStatus>(said)).OrderBy(status => status.Worker, StringComparer.Ordinal).ToArray();
        var spec = SpecOf((uint)epochs, (uint)batch);
        for (var rank = 0; rank < workers; rank++)
        {
            refs[rank].Tell(new Enlist { Job = Job, Worker = members[rank].Worker, Incarnation = members[rank].Incarnation, Generation = new Generation(), Spec = spec });
        }

        for (var ready = 0; ready < workers;)
        {
            var report = Take<WorkerReport>(said);
            ready += report.Standby is null ? 0 : 1;
            Print(report);
        }

        for (var rank = 0; rank < workers; rank++)
        {
            refs[rank].Tell(StartOf(members, rank, folder));
        }

        for (var finished = 0; finished < workers;)
        {
            var report = Take<WorkerReport>(said);
            finished += report.Finished is null ? 0 : 1;
            Print(report);
        }

        PrintPhases();
        system.Terminate().GetAwaiter().GetResult();
        Directory.Delete(folder, recursive: true);
        return 0;
    }

    private static void Print(WorkerReport report)
    {
        if (report.Epoch?.Summary is { } epoch)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"epoch {epoch.Epoch}: {epoch.ImagesPerSecond:0} images/s, {epoch.Seconds:0.00} s, loss {epoch.Loss:0.0000}, test {epoch.TestAccuracy:0.0000}"));
        }
        else if (report.Failure is not null)
        {
            throw new InvalidOperationException(report.Failure.Message);
        }
        else if (report.Finished is { } last)
        {
            Console.WriteLine($"state {last.State.Hash:x16}");
        }
    }

    /// <summary>Where the steps' time went, all workers together.</summary>
    private static void PrintPhases()
    {
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name.Contains("step_phase", StringComparison.Ordinal))
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((_, seconds, tags, _) =>
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{tags[0].Value}: {seconds:0.000} s")));
        listener.Start();
        listener.RecordObservableInstruments();
    }

    private static IActorRef StartWorker(ActorSystem system, int i, int threads, string folder, TrainingMetrics metrics, IActorRef ear)
    {
        var options = new WorkerOptions($"worker-{i}", $"life-{i}", CpuDevice.Create(threads), metrics, NullLogger.Instance)
        {
            Listener = new LinkListener([LinkEndpoint.Unix(Path.Combine(folder, $"{i}.sock"))], certificates: null, NullLogger.Instance),
            Routes = new LinkRoutes("here", certificates: null),
            Artifacts = new ArtifactStores(() => new S3Access().Connect()),
        };
        var worker = system.ActorOf(Props.Create(() => new WorkerActor(options)), options.Name);
        worker.Tell(new WorkerActor.Attach(ear));
        return worker;
    }

    private static JobSpec SpecOf(uint epochs, uint batch) => new()
    {
        Model = new Model { Zoo = "lenet" },
        Data = new Data { Dataset = "fashion-mnist" },
        Training = new Protos.Training
        {
            Epochs = epochs,
            BatchSize = batch,
            Shards = Shards,
            Optimizer = new Optimizer { Sgd = new Sgd { Lr = 0.9 } },
        },
    };

    private static Start StartOf(WorkerStatus[] members, int rank, string folder)
    {
        var roots = Plans.Roots(members.Length, Shards);
        var assignment = new Assignment { Shards = Shards };
        assignment.Members.AddRange(members.Select((status, i) => new Member
        {
            Worker = status.Worker,
            Incarnation = status.Incarnation,
            Host = status.Host,
            LinkEndpoints = { status.LinkEndpoints },
            Roots = { roots[i].Select(root => new ShardNode { Lo = (uint)root.Lo, Hi = (uint)root.Hi }) },
        }));
        return new Start
        {
            Job = Job,
            Worker = members[rank].Worker,
            Generation = new Generation { Term = 1, Number = 1 },
            FromItem = 1,
            State = new StateId(),
            Assignment = assignment,
            Rank = (uint)rank,
            Artifacts = folder,
            StepDeadlineSeconds = 5,
        };
    }

    private static T Take<T>(BlockingCollection<object> said)
    {
        while (true)
        {
            if (said.Take() is T wanted)
            {
                return wanted;
            }
        }
    }

    private static int Number(string[] args, int index, int otherwise) =>
        index < args.Length ? int.Parse(args[index], CultureInfo.InvariantCulture) : otherwise;

    private sealed class Ear : UntypedActor
    {
        private readonly BlockingCollection<object> _said;

        public Ear(BlockingCollection<object> said) => _said = said;

        protected override void OnReceive(object message) => _said.Add(message);
    }
}
