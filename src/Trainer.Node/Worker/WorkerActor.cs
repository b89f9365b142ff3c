using System.Diagnostics;
using Akka.Actor;
using Microsoft.Extensions.Logging;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Limits;
using Trainer.Hosting.Logging;
using Trainer.Node.Links;
using Trainer.Node.Reduction;
using Trainer.Node.States;
using Trainer.Node.Training;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Worker;

/// <summary>
/// A worker: carries out what <see cref="WorkerMachine"/> decides. Holds what the decisions are about: the thread that computes, links, and the way to the cluster.
/// </summary>
/// <remarks>
/// Orders come from the agent of the day, and reports go to it. Nothing here computes or waits, so every order is answered at once. An exception here is a bug over running
/// threads: it ends the process.
/// </remarks>
public sealed partial class WorkerActor : ReceiveActor, IWithTimers
{
    private readonly WorkerOptions _options;
    private readonly Arithmetic[] _arithmetics;
    private readonly WaitingOffers _waitingOffers;
    private readonly LineAMinute _refusedOffers;
    private IActorRef _agent = ActorRefs.Nobody;
    private IActorRef _askedToLeave = ActorRefs.Nobody;
    private WorkerMachine _machine;
    private StepDriver? _driver;
    private Membership? _membership;
    private GenerationSpans? _spans;
    private Task _buffersAreFree = Task.CompletedTask;
    private TimeSpan _clearing;

    public WorkerActor(WorkerOptions options)
    {
        _options = options;
        _machine = new WorkerMachine(options.Name, options.Incarnation);
        _arithmetics = [.. InexactArithmetics(options.Device)];
        _waitingOffers = new WaitingOffers(options.Limits.Count(ProcessLimits.WaitingLinks));
        _refusedOffers = new LineAMinute((count, last) => options.Logger.LogWarning("Links that were refused: {Count} since the last such line. The last one: {Reason}.", count, last));
        var self = Self;
        options.Listener.Start(offer => self.Tell(offer));
        options.Routes.Add(options.Incarnation, options.Listener);
        ReceiveOrders();
        ReceiveWhatHappens();
        Receive<Attach>(attach =>
        {
            _agent = attach.Agent;
            TellStatus();
        });
        Receive<Leave>(_ =>
        {
            _askedToLeave = Sender;
            Decide(new LeaveAsked());
        });
        Receive<Quit>(_ => Decide(new QuitAsked()));
        Receive<Tick>(_ => LookAtTheClock());
    }

    /// <summary>From a new agent: reports and status go there from now on.</summary>
    public sealed record Attach(IActorRef Agent) : INoSerializationVerificationNeeded;

    /// <summary>The process is to stop: no more jobs, and out of the one that it serves in good order. Answered by <see cref="Left"/>.</summary>
    public sealed record Leave : INoSerializationVerificationNeeded;

    /// <summary>The worker serves no job and takes none.</summary>
    public sealed record Left : INoSerializationVerificationNeeded;

    /// <summary>Let go of what is served, then end.</summary>
    public sealed record Quit : INoSerializationVerificationNeeded;

    public ITimerScheduler Timers { get; set; } = null!;

    private Vitals Now => _driver is { } driver
        ? new Vitals(driver.StepInFlight, driver.ItemInFlight, driver.Ledger.Committed, driver.Epochs.Closed, driver.IsAtRest)
        {
            Speed = (driver.Share?.ShardSeconds ?? 0, driver.Share?.UpdateSeconds ?? 0),
        }
        : Vitals.None;

    protected override void PreStart() => Timers.StartPeriodicTimer("alive", Tick.Instance, _options.AliveInterval);

    /// <summary>Returns when the thread that computes has ended: the device may go after that.</summary>
    protected override void PostStop()
    {
        _options.Listener.Dispose();
        _refusedOffers.Dispose();
        _membership?.Leave(Context);
        _driver?.Stop();
        _driver?.Join();
    }

    /// <summary>A bug in the exchange or a link ends the generation, not the worker.</summary>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(fault =>
    {
        _options.Logger.LogError(fault, "The all-reduce broke.");
        var failure = new Protos.Cluster.Failure
        {
            Kind = Protos.Cluster.Failure.Types.Kind.Exception,
            Step = Now.Step,
            Item = Now.Item,
            Message = $"all-reduce: {fault.GetType().Name}: {fault.Message}",
        };
        Self.Tell(new StepDriver.Failed(_membership?.Number ?? default, failure));
        return Directive.Stop;
    });

    /// <summary>What fetches data sets that were pushed.</summary>
    private Func<string, CancellationToken, CachedPack> Fetch(string artifacts)
    {
        var cache = new DataSetCache(_options.DataSets, _options.Limits[ProcessLimits.DataCacheBytes]);
        return (id, stop) => cache.Fetch(_options.Artifacts, artifacts, id, stop);
    }

    private void LookAtTheClock()
    {
        Decide(new Ticked());
        if (_driver is { } driver && driver.Watch.IsOverdueAfter(_options.AliveInterval, out var elapsed))
        {
            Decide(new ThreadStuck(new Stuck { Operation = driver.Watch.Activity, Seconds = elapsed.TotalSeconds }));
        }

        if (_machine.Phase == WorkerPhase.Clearing && _clearing < _options.RestWithin && (_clearing += _options.AliveInterval) >= _options.RestWithin)
        {
            _options.Logger.LogCritical(
                "The thread that computes for {Worker} has not come to rest within {Seconds} s ({Activity}). It cannot be ended, and nothing may be freed under it: this process ends itself once its other workers have left.",
                _options.Name, _clearing.TotalSeconds, _driver?.Watch.Activity);
            _options.Stuck();
        }
    }

    private void ReceiveOrders()
    {
        Receive<Enlist>(order => Decide(new Ordered(order)));
        Receive<Start>(order => Decide(new Ordered(order, Fence(order.Job, order.Generation))));
        Receive<Hold>(order => Decide(new Ordered(order)));
        Receive<Fence>(order => Decide(new Ordered(order, Fence(order.Job, order.Generation))));
        Receive<Save>(order => Decide(new Ordered(order)));
        Receive<Release>(order => Decide(new Ordered(order)));
        Receive<Query>(order => Decide(new Ordered(order)));
        Receive<DescribeServed>(_ => Sender.Tell(_machine.Describe()));
    }

    private void ReceiveWhatHappens()
    {
        Receive<StepDriver.Loaded>(_ => Decide(new JobLoaded()));
        Receive<StepDriver.Ready>(Prepared);
        Receive<StepDriver.Progressed>(Progressed);
        Receive<StepDriver.Ended>(ended => Decide(new SegmentOver(ended.Generation, ended.End, ended.State)));
        Receive<StepDriver.Failed>(failed => Decide(new DriverFailed(failed.Generation, failed.Failure)));
        Receive<StepDriver.Over>(_ => Forget());
        Receive<StepDriver.RoomMeasured>(measured => Decide(new RoomKnown(measured.Generation, measured.Room)));
        Receive<RecordFailed>(failed => Decide(new RecordNotWritten(failed)));
        Receive<Saved>(saved => Decide(new SaveAnswered(saved.Id, saved)));
        Receive<SaveFailed>(failed => Decide(new SaveAnswered(failed.Id, failed)));
        Receive<LinkOffered>(Judge);
        Receive<LinkDialed>(Linked);
        Receive<LinkFailed>(failed => Decide(new LinkGone(failed.Generation, failed.Rank, failed.Reason, Opened: false)));
        Receive<AllReduce.LinkDown>(down => Decide(new LinkGone(down.Generation, down.Rank, down.Reason, Opened: true, down.IsCorrupt)));
        Receive<AllReduce.Missing>(missing => Decide(new FramesMissing(
            missing.Generation, new Waiting { Item = missing.Item, What = missing.What, From = { missing.From } })));
        Receive<AllReduce.Disagreed>(differ => Decide(new StatesDiffer(
            differ.Generation, new Disagreement { Item = differ.Item, Hashes = { differ.Hashes.ToDictionary(hash => hash.Key, hash => hash.Value) } })));
        Receive<Terminated>(ended => _ended.RemoveAll(membership => membership.HasEnded(ended.ActorRef)));
    }

    /// <summary>Before it is decided what the order comes to, what the worker holds is made final for lower generations.</summary>
    private LedgerEntry? Fence(string job, Generation generation) =>
        _machine.IsObeyed(job, generation) ? _driver?.Ledger.Fence(GenerationNumber.Of(generation)) ?? new LedgerEntry([], 0) : null;

    private void Decide(WorkerEvent e)
    {
        var (next, actions) = _machine.Decide(e, Now);
        _machine = next;
        foreach (var action in actions)
        {
            Do(action);
        }
    }

    private void Do(WorkerAction action)
    {
        switch (action)
        {
            case Say say:
                LogWhatMatters(say.Report);
                _agent.Tell(Complete(say.Report));
                break;
            case SayStatus:
                TellStatus();
                break;
            case BeginJob begin:
                _driver = new StepDriver(begin.Order.Job, new WorkerSpans(begin.Order.Job, _options.Name), begin.Order.Spec, begin.Order.Expectation, Fetch(begin.Order.Artifacts), _options.Device, _options.Artifacts, _options.Files, _options.Metrics, Self, _options.Logger, _options.Reached)
                {
                    Hashed = _options.Hashed,
                };
                break;
            case EnterGeneration enter:
                Enter(enter.Order);
                break;
            case BeginTraining:
                Train();
                break;
            case LeaveGeneration:
                LeaveMembership();
                break;
            case HoldGeneration:
                _membership!.Hold();
                break;
            case SaveState save:
                _driver!.Save(save.Order);
                break;
            case EndJob:
                EndTheJob();
                break;
            case SayLeft:
                _askedToLeave.Tell(new Left());
                break;
            case End:
                Context.Stop(Self);
                break;
            default:
                throw new UnreachableException($"Unknown action {action}.");
        }
    }

    private sealed class Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}
