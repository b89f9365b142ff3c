using System.Diagnostics;
using System.Text.Json;
using Akka.Actor;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;
using Trainer.Node;
using Trainer.Node.Links;
using Trainer.Node.Reduction;
using Trainer.Node.Tests.Links;
using Trainer.Node.Tests.Reduction;

namespace Trainer.Benchmarks.Reduction;

/// <summary>One member: opens its links, and sums gradients until rank 0 finds that the time is up.</summary>
internal sealed class AllReduceProcess
{
    private const int Samples = 256;
    private const int WarmUp = 3;

    private readonly AllReduceOptions _options;
    private readonly AllReduceClient _client;
    private readonly IActorRef _allReduce;
    private readonly StepPlan _reduction;
    private readonly StepPlan _barrier;
    private readonly int _buckets;
    private readonly float[] _statistics;
    private readonly bool _isFirst;
    private ulong _item;

    private AllReduceProcess(AllReduceOptions options, int rank, IReadOnlyList<LinkConnection?> links, ActorSystem system, LeasePool pool)
    {
        var plan = Plans.Even(options.Workers, shards: Math.Max(16, options.Workers), options.Elements[0]);
        var buckets = Buckets(plan.Elements);
        (_options, _isFirst, _buckets) = (options, rank == 0, buckets.Count);
        _reduction = new StepPlan(plan, rank, Samples, gradients: true, buckets);
        _barrier = new StepPlan(plan, rank, Samples, gradients: false, buckets);
        _statistics = new float[SampleResults.Rows * _reduction.Slice!.LocalSamples];
        Array.Fill(_statistics, 1);
        var waiter = new ReduceWaiter();
        var gradients = new GradientBuffers([.. plan.Roots[rank].Select(_ => Allocate(plan.Elements))], Allocate(plan.Elements));
        var hashes = new PayloadHashes(plan, gradients);
        var setup = new AllReduceSetup(plan, Job: 1, new GenerationNumber(1, 1), rank, gradients, Samples, links, pool, waiter, FirstItem: 1, Committed: _ => { }, hashes);
        var props = Props.Create(() => new AllReduce(setup)).WithDispatcher(LinkDispatcher.Name);
        _allReduce = system.ActorOf(Props.Create(() => new Parent(waiter))).Ask<IActorRef>(props).GetAwaiter().GetResult();
        _client = new AllReduceClient(_allReduce, waiter, buckets.Count, hashes);
    }

    public static int Run(AllReduceOptions options, int rank)
    {
        using var pool = new LeasePool();
        var links = Mesh.Open(options, rank);
        using var system = TrainingSystem.Create();
        try
        {
            var figures = new AllReduceProcess(options, rank, links, system, pool).Measure(pool);
            Console.WriteLine(AllReduceProcesses.Measured + JsonSerializer.Serialize(figures));
            while (Console.ReadLine() is not null)
            {
                // The links stay open until all have measured.
            }

            return 0;
        }
        catch (StepFailedException e)
        {
            Console.Error.WriteLine($"Rank {rank}: {e.Message}");
            return 1;
        }
        finally
        {
            system.Terminate().GetAwaiter().GetResult();
        }
    }

    /// <summary>All members in this process, a thread for each. Processor time and what is allocated are shared out.</summary>
    public static AllReduceFigures MeasureInMemory(AllReduceOptions options)
    {
        var mesh = Sockets.Mesh(options.Workers, () => LinkConnection.InMemory(AllReduceOptions.Memory));
        using var system = TrainingSystem.Create();
        var pools = mesh.Select(_ => new LeasePool()).ToArray();
        var figures = new AllReduceFigures[options.Workers];
        Thread[] members = [.. mesh.Select((links, rank) => new Thread(() => figures[rank] = new AllReduceProcess(options, rank, links, system, pools[rank]).Measure(pools[rank])))];
        Array.ForEach(members, member => member.Start());
        Array.ForEach(members, member => member.Join());
        system.Terminate().GetAwaiter().GetResult();
        Array.ForEach(pools, pool => pool.Dispose());
        var all = AllReduceFigures.OfAll(figures);
        return all with { cpu_ms = all.cpu_ms / options.Workers, allocated_bytes = all.allocated_bytes / options.Workers };
    }

    private AllReduceFigures Measure(LeasePool pool)
    {
        for (var round = 0; round < WarmUp; round++)
        {
            Reduce(_barrier);
            Reduce(_reduction);
        }

        var seconds = new List<double>(1 << 20);
        var (cpu, allocated, start) = (Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes(precise: true), Stopwatch.GetTimestamp());
        for (var isLast = false; !isLast;)
        {
            if (_isFirst && Stopwatch.GetElapsedTime(start).TotalSeconds >= _options.Seconds)
            {
                _allReduce.Tell(AllReduce.Hold.Instance);
            }

            isLast = Reduce(_barrier).EndsGeneration;
            var began = Stopwatch.GetTimestamp();
            Reduce(_reduction);
            seconds.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
        }

        return AllReduceFigures.Of(
            _options, seconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds, GC.GetTotalAllocatedBytes(precise: true) - allocated, pool.Bytes);
    }

    private ReduceResult Reduce(StepPlan plan)
    {
        _client.Begin(++_item, plan, deadline: TimeSpan.FromMinutes(1));
        for (var bucket = 0; bucket < _buckets && plan == _reduction; bucket++)
        {
            _client.BucketReady(bucket);
        }

        var result = _client.Complete(_statistics);
        _client.Applied(_item, stateHash: 7);
        return result;
    }

    /// <summary>Where a network's gradients lie as well; until the process ends.</summary>
    private static Memory<float> Allocate(int elements) => new NativeView(new CpuMemory(elements).Host).Memory;

    /// <summary>As a network of many layers has them.</summary>
    private static IReadOnlyList<Bucket> Buckets(int elements) =>
    [
        .. Enumerable.Range(0, (elements + ParameterLayout.BucketElements - 1) / ParameterLayout.BucketElements)
            .Select(i => new Bucket(i, i * ParameterLayout.BucketElements, Math.Min(ParameterLayout.BucketElements, elements - (i * ParameterLayout.BucketElements)))),
    ];

    /// <summary>In the worker's place: a link that closes ends the measurement.</summary>
    private sealed class Parent : ReceiveActor
    {
        public Parent(ReduceWaiter waiter)
        {
            Receive<Props>(child => Sender.Tell(Context.ActorOf(child)));
            Receive<AllReduce.LinkDown>(down => waiter.Fail(new StepFailedException($"the link to rank {down.Rank} closed: {down.Reason}", isNotFinite: false)));
            Receive<AllReduce.Missing>(missing => Console.Error.WriteLine($"item {missing.Item} waits for {missing.What} from {string.Join(", ", missing.From)}"));
        }
    }
}
