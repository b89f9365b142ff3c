using Akka.Actor;
using Microsoft.Extensions.Logging;
using Trainer.Node.Links;
using Trainer.Node.Reduction;
using Trainer.Node.Training;
using Trainer.Protos.Cluster;
using Failure = Trainer.Protos.Cluster.Failure;

namespace Trainer.Node.Worker;

/// <summary>A worker: obeys job entities, links up with the other members, has its run train, and reports.</summary>
/// <remarks>
/// <code>
///            Start              all linked, state there         Finished, Failure, LinkLost, Fenced
///   Idle ------------> Linking ------------------> Training -----------------------> Ending
///    ^                    |                           |                                |
///    |   threads ended    v        Release, or a Start of a higher generation          v
///    '---------------- Clearing &lt;--------------------------------------------------------'
/// </code>
/// Orders (Start, Fence, Release, Query) come from the agent of the day, reports go to it. Generations decide: a lower one is dropped.
/// Ending says its last word again every second until Release. Computing happens on the run's thread, so every order is answered at once.
/// </remarks>
public sealed partial class WorkerActor : ReceiveActor, IWithTimers, IWithStash
{
    private const int MostWaitingOffers = 64;

    private readonly WorkerOptions _options;
    private readonly Arithmetic[] _arithmetics;
    private readonly Queue<LinkOffered> _waitingOffers = new();
    private IActorRef _agent = ActorRefs.Nobody;
    private Membership? _membership;
    private bool _leaving;
    private bool _quitting;

    public WorkerActor(WorkerOptions options)
    {
        _options = options;
        _arithmetics = [.. InexactArithmetics(options.Device)];
        var self = Self;
        options.Listener.Start(offer => self.Tell(offer));
        Become(Idle);
    }

    /// <summary>From a new agent: reports and status go there from now on.</summary>
    public sealed record Attach(IActorRef Agent) : INoSerializationVerificationNeeded;

    /// <summary>The process stops: no more jobs.</summary>
    public sealed record Leave : INoSerializationVerificationNeeded;

    /// <summary>Let go of what is served, then end.</summary>
    public sealed record Quit : INoSerializationVerificationNeeded;

    public ITimerScheduler Timers { get; set; } = null!;

    public IStash Stash { get; set; } = null!;

    private Membership Serving => _membership ?? throw new InvalidOperationException("The worker serves no job.");

    protected override void PreStart() => Timers.StartPeriodicTimer("alive", Tick.Instance, _options.AliveInterval);

    /// <summary>Returns when the run's thread has ended: the device may go after that.</summary>
    protected override void PostStop()
    {
        _options.Listener.Dispose();
        _membership?.Run?.Stop();
        _membership?.Run?.Join();
        _membership?.Dispose();
    }

    /// <summary>A bug in the all-reduce or a link ends the generation, not the worker.</summary>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(fault =>
    {
        _options.Logger.LogError(fault, "The all-reduce broke.");
        var failure = new Failure { Step = _membership?.Run?.StepInFlight ?? 0, Message = $"all-reduce: {fault.GetType().Name}: {fault.Message}" };
        Self.Tell(new TrainingRun.Failed(_membership?.Generation ?? default, failure));
        return Directive.Stop;
    });

    // ---------- states

    private void Idle()
    {
        Receive<Start>(IsForUs, Enter);
        Receive<Query>(query => SayBusy(query.Job, query.Generation));
        Receive<Fence>(fence => SayBusy(fence.Job, fence.Generation));
        Receive<Release>(_ => { });
        Always();
    }

    private void Linking()
    {
        Receive<TrainingRun.Prepared>(OfThisGeneration, prepared =>
        {
            Serving.State = prepared.State;
            TrainWhenReady();
        });
        Receive<LinkDialed>(dialed => dialed.Generation == Serving.Generation, dialed =>
        {
            Serving.Links[dialed.Rank] = dialed.Connection;
            TrainWhenReady();
        });
        Receive<LinkFailed>(failed => failed.Generation == Serving.Generation, failed => End(new Failure { Message = failed.Reason }));
        Receive<TrainingRun.Failed>(OfThisGeneration, failed => End(failed.Failure));
        Serve();
    }

    private void Training()
    {
        Receive<TrainingRun.Committed>(OfThisGeneration, Publish);
        Receive<TrainingRun.Completed>(OfThisGeneration, completed => End(completed.Finished));
        Receive<TrainingRun.Failed>(OfThisGeneration, failed => End(failed.Failure));
        Receive<AllReduce.LinkDown>(down => down.Generation == Serving.Generation, down => End(new LinkLost
        {
            Peer = Serving.Start.Assignment.Members[down.Rank].Worker,
            Step = Serving.Run!.StepInFlight,
            Message = down.Reason,
        }));
        Serve();
    }

    private void Ending()
    {
        Receive<TrainingRun.Committed>(OfThisGeneration, Publish);
        Serve();
    }

    /// <summary>Until the generation's threads have ended; whatever is asked for meanwhile waits.</summary>
    private void Clearing()
    {
        Receive<Start>(_ => Stash.Stash());
        Receive<Query>(query => query.Job != Serving.Job, query => SayBusy(query.Job, query.Generation));
        Resources();
        Always();
    }

    /// <summary>What every state that serves a job does alike.</summary>
    private void Serve()
    {
        Receive<Start>(IsForUs, Replace);
        Receive<Fence>(fence => IsOurs(fence.Job, fence.Generation), _ => AnswerFence());
        Receive<Release>(release => IsOurs(release.Job, release.Generation), release => Clear(release.Reason));
        Receive<Query>(query => query.Job != Serving.Job, query => SayBusy(query.Job, query.Generation));
        Receive<Query>(query => IsOurs(query.Job, query.Generation), Answer);
        Resources();
        Always();
    }

    /// <summary>What the generation holds, and holds no more: it is cleared once its threads have ended.</summary>
    private void Resources()
    {
        Receive<TrainingRun.Prepared>(OfThisGeneration, prepared => Serving.State = prepared.State);
        Receive<TrainingRun.Over>(OfThisGeneration, _ =>
        {
            Serving.RunIsOver = true;
            ReturnWhenCleared();
        });
        Receive<Terminated>(_ =>
        {
            Serving.AllReduce = null;
            ReturnWhenCleared();
        });
    }

    private void Always()
    {
        Receive<Attach>(attach =>
        {
            _agent = attach.Agent;
            SayStatus();
        });
        Receive<Leave>(_ =>
        {
            _leaving = true;
            SayStatus();
        });
        Receive<Quit>(_ => LetGo());
        Receive<LinkOffered>(Judge);
        Receive<LinkDialed>(late => late.Connection.Dispose());
        Receive<Tick>(_ => SayAlive());
    }

    private sealed class Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}
