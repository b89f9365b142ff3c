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
public sealed class WorkerActor : ReceiveActor, IWithTimers, IWithStash
{
    private const int MostWaitingOffers = 64;

    private readonly WorkerOptions _options;
    private readonly Queue<LinkOffered> _waitingOffers = new();
    private IActorRef _agent = ActorRefs.Nobody;
    private Membership? _membership;
    private bool _leaving;
    private bool _quitting;

    public WorkerActor(WorkerOptions options)
    {
        _options = options;
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
            Peer = Serving.Start.Assignment.Members[down.Rank].Worker, Step = Serving.Run!.StepInFlight, Message = down.Reason,
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

    // ---------- entering a generation

    private void Enter(Start start)
    {
        _membership = new Membership(start);
        Become(Linking);
        SayStatus();
        if (start.FromStep > 1)
        {
            End(new Failure { Step = start.FromStep, Message = $"cannot enter at item {start.FromStep}: the state of another member cannot be taken over" });
            Serving.RunIsOver = true;
            return;
        }

        Serving.Run = new TrainingRun(start, _options.Device, _options.Metrics, Serving.Waiter, Self, _options.Logger);
        Serving.Run.Prepare();
        DialHigherRanks();
        for (var waiting = _waitingOffers.Count; waiting > 0; waiting--)
        {
            Judge(_waitingOffers.Dequeue());
        }
    }

    /// <summary>An order for an earlier life of this worker's process is nobody's.</summary>
    private bool IsForUs(Start start) => start.Assignment.Members[(int)start.Rank].Incarnation == _options.Incarnation;

    private void DialHigherRanks()
    {
        var hello = new Hello(Serving.Job, _options.Incarnation, Serving.Start.Secret.ToByteArray());
        var self = Self;
        for (var rank = Serving.Rank + 1; rank < Serving.Members; rank++)
        {
            Serving.Dial(rank, new LinkDialer(
                rank, Serving.Start.Assignment.Members[rank], _options.Host, Serving.HelloHeader, hello, result => self.Tell(result)));
        }
    }

    private void Judge(LinkOffered offer)
    {
        var (verdict, reason) = LinkOffers.Judge(offer, _membership);
        if (verdict == OfferVerdict.Accept)
        {
            Accept(offer);
        }
        else if (verdict == OfferVerdict.Wait)
        {
            _waitingOffers.Enqueue(offer);
            if (_waitingOffers.Count > MostWaitingOffers)
            {
                _waitingOffers.Dequeue().Connection.Refuse(offer.Header, $"{_options.Name} serves no such job");
            }
        }
        else
        {
            _options.Logger.LogWarning("A link was refused: {Reason}.", reason);
            offer.Connection.Refuse(offer.Header, reason);
        }
    }

    private void Accept(LinkOffered offer)
    {
        try
        {
            offer.Connection.Write(Serving.HelloHeader, new Hello(Serving.Job, _options.Incarnation, []).ToBytes());
            Serving.Links[offer.Header.Rank] = offer.Connection;
            TrainWhenReady();
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or ObjectDisposedException)
        {
            offer.Connection.Dispose(); // The peer has given up on this connection; it will open another.
        }
    }

    private void TrainWhenReady()
    {
        if (Serving.State is not { } state || !Serving.AllLinked)
        {
            return;
        }

        var mostSamples = Math.Max(state.Parameters.BatchSize, state.Data.Test.Count);
        var setup = new AllReduceSetup(
            state.Plan, FrameHeader.HashOf(Serving.Job), Serving.Generation, Serving.Rank, state.Buffers, mostSamples, Serving.Links, Serving.Pool, Serving.Waiter);
        var props = Props.Create(() => new AllReduce(setup)).WithDispatcher(TrainingSystem.LinkDispatcher);
        Serving.AllReduce = Context.Watch(Context.ActorOf(props, "all-reduce"));
        Become(Training);
        Say(new WorkerReport { Started = new Started { Device = _options.Device.Description } });
        Log($"Rank {Serving.Rank} of {Serving.Members}: shards {string.Join(", ", state.Plan.Roots[Serving.Rank])} of {state.Plan.Shards} "
            + $"on {_options.Device.Description}; {state.Data.Train.Count} training and {state.Data.Test.Count} test images.");
        Serving.Run!.Begin(new AllReduceClient(Serving.AllReduce, Serving.Waiter, state.Network.Layout.Buckets.Count));
    }

    // ---------- leaving it

    /// <summary>A Start while serving: the same again, a higher generation of the job, or another job.</summary>
    private void Replace(Start start)
    {
        if (start.Job != Serving.Job)
        {
            SayBusy(start.Job, start.Generation);
        }
        else if (GenerationNumber.Of(start.Generation) > Serving.Generation && Serving.Obeys(start.Generation))
        {
            Stash.Stash();
            Clear($"generation {GenerationNumber.Of(start.Generation)} begins");
        }
        else
        {
            SayAlive();
        }
    }

    private void End(Finished finished) => EndWith(new WorkerReport { Finished = finished });

    private void End(Failure failure)
    {
        _options.Logger.LogError("Job {Job} failed: {Reason}", Serving.Job, failure.Message);
        EndWith(new WorkerReport { Failure = failure });
    }

    private void End(LinkLost lost)
    {
        _options.Logger.LogWarning("Job {Job}: the link to {Peer} is closed at step {Step}: {Reason}", Serving.Job, lost.Peer, lost.Step, lost.Message);
        EndWith(new WorkerReport { LinkLost = lost });
    }

    private void AnswerFence()
    {
        Serving.Run?.Stop();
        var hash = Serving.State?.Hash() ?? [];
        EndWith(new WorkerReport { Fenced = new Fenced { Step = Serving.Run?.Applied ?? 0, Hash = Google.Protobuf.ByteString.CopyFrom(hash) } });
    }

    private void EndWith(WorkerReport lastWord)
    {
        Serving.Run?.Stop();
        Serving.LastWord = lastWord;
        Say(lastWord);
        Become(Ending);
    }

    private void Clear(string reason)
    {
        _options.Logger.LogInformation("Job {Job}, generation {Generation} is released: {Reason}", Serving.Job, Serving.Generation, reason);
        Serving.Run?.Stop();
        Serving.CloseLinks();
        if (Serving.AllReduce is not null)
        {
            Context.Stop(Serving.AllReduce);
        }

        Serving.IsReleased = true;
        Become(Clearing);
        ReturnWhenCleared();
    }

    private void ReturnWhenCleared()
    {
        if (Serving is { IsReleased: true, RunIsOver: true, AllReduce: null })
        {
            Serving.Dispose();
            _membership = null;
            Become(Idle);
            SayStatus();
            Stash.UnstashAll();
            if (_quitting)
            {
                Context.Stop(Self);
            }
        }
    }

    private void LetGo()
    {
        _quitting = true;
        if (_membership is null)
        {
            Context.Stop(Self);
        }
        else if (!_membership.IsReleased)
        {
            Clear("the process stops");
        }
    }

    // ---------- reports

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

    private void SayStatus()
    {
        var status = new WorkerStatus
        {
            Worker = _options.Name,
            Incarnation = _options.Incarnation,
            Host = _options.Host,
            Device = _options.Device.Description,
            Threads = (uint)_options.Device.Threads,
            Numerics = _options.Device.NumericsId,
            Job = _membership?.Job ?? "",
            Generation = _membership?.Generation.ToMessage(),
            Leaving = _leaving,
        };
        status.LinkEndpoints.AddRange(_options.Listener.Endpoints.Select(endpoint => endpoint.ToString()));
        _agent.Tell(status);
    }

    private sealed class Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}
