using System.Diagnostics;
using System.Security.Cryptography;
using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Event;
using Akka.Remote;
using Google.Protobuf;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Metrics;
using Trainer.Hosting.Traces;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>What all job entities of a coordinator share.</summary>
/// <param name="Feed">Hears of every change of every job.</param>
/// <param name="AreTraced">Spans of them are sent somewhere.</param>
public sealed record JobServices(IJobStore Store, JobLog Log, IActorRef Scheduler, JobSettings Settings, TimeProvider Clock, ControlMetrics? Metrics, IActorRef? Feed = null, JobCurves? Curves = null, bool AreTraced = false);

/// <summary>
/// One job: takes its row, asks <see cref="JobMachine"/> what each message means, and does that. The only writer of the row.
/// </summary>
/// <remarks>
/// Receives <see cref="JobEnvelope"/>s. Loads the row with the first one, takes the next term, and goes when the job has ended or when another
/// entity has taken the term. Storing holds up the mailbox: nothing is said before what it rests on is safe.
/// While the store is away there is nothing to go by: what trains goes on without the entity, and the entity begins anew as soon as the store answers.
/// </remarks>
public sealed class JobEntity : ReceiveActor, IWithTimers
{
    private readonly string _id;
    private readonly JobServices _services;
    private readonly JobAudience _audience;
    private readonly JobRecords _records;
    private readonly JobTracer _tracer;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private JobMachine? _machine;
    private ulong _heardTerm;
    private StoreException? _away;
    private DateTimeOffset _retryAt;
    private TimeSpan _tick;

    public JobEntity(string id, JobServices services)
    {
        (_id, _services) = (id, services);
        _audience = new JobAudience(services.Feed, services.Settings.PublishInterval);
        _records = new JobRecords(id, services.Log, services.Curves, services.Metrics);
        _tracer = new JobTracer(id);
        ReceiveAsync<JobEnvelope>(HandleOrSayWhyNotAsync);
        ReceiveAsync<Tick>(_ => HandleAsync(TickAsync));
        ReceiveAsync<AssociationEvent>(connection =>
            HandleAsync(() => DecideAsync(new ConnectionChanged(Now, connection.RemoteAddress.ToString(), connection is AssociatedEvent))));
        Receive<Terminated>(gone => _audience.Remove(gone.ActorRef));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    // In the store's unit: what is shown now is what is read later.
    private DateTimeOffset Now => DateTimeOffset.FromUnixTimeMilliseconds(_services.Clock.GetUtcNow().ToUnixTimeMilliseconds());

    protected override void PreStart()
    {
        TickEvery(_services.Settings.Tick);
        Context.System.EventStream.Subscribe(Self, typeof(AssociatedEvent));
        Context.System.EventStream.Subscribe(Self, typeof(DisassociatedEvent));
    }

    protected override void PostStop() => _records.Forget();

    private void TickEvery(TimeSpan interval)
    {
        if (interval != _tick)
        {
            _tick = interval;
            Timers.StartPeriodicTimer("tick", Tick.Instance, interval);
        }
    }

    // Whoever asked hears the reason.
    private Task HandleOrSayWhyNotAsync(JobEnvelope envelope)
    {
        if (envelope.DeadlineUnixMs > 0 && Now.ToUnixTimeMilliseconds() > envelope.DeadlineUnixMs)
        {
            return Task.CompletedTask; // Whoever asked has heard that nothing came of it, and may have asked for something else since.
        }

        var sender = Sender;
        return HandleAsync(() => HandleAsync(envelope), fault =>
        {
            if (IsQuestion(envelope))
            {
                sender.Tell(new JobRefused { Job = _id, Status = (int)fault.Status, Reason = fault.Reason, Message = fault.Message });
            }
        });
    }

    // What the memory holds may differ from the row once a write has failed, if only because it may have been done: this entity begins anew.
    private async Task HandleAsync(Func<Task> handle, Action<StoreException>? say = null)
    {
        try
        {
            await handle();
            TickEvery(_machine?.Tick ?? _tick);
        }
        catch (StoreException fault)
        {
            if (_away?.Message != fault.Message)
            {
                _log.Warning("{Job}: {Fault} Its workers go on without this entity, which waits for the store.", _id, fault.Message);
            }

            _retryAt = ReferenceEquals(_away, fault) ? _retryAt : Now + _services.Settings.StoreRetry;
            (_machine, _away) = (null, fault);
            say?.Invoke(fault);
        }
    }

    private async Task HandleAsync(JobEnvelope envelope)
    {
        if (_machine is null && !await EnterAsync(envelope))
        {
            return;
        }

        switch (envelope.MessageCase)
        {
            case JobEnvelope.MessageOneofCase.Create:
                AnswerCreate(envelope.Create);
                break;
            case JobEnvelope.MessageOneofCase.Adopt or JobEnvelope.MessageOneofCase.Get:
                Sender.Tell(new JobUpdate { Job = _machine!.Row.ToJob() });
                break;
            case JobEnvelope.MessageOneofCase.Subscribe:
                Subscribe(Sender);
                break;
            case JobEnvelope.MessageOneofCase.Journal:
                Sender.Tell(new JournalReply { Job = _id, Entries = { _machine!.Row.Journal } });
                break;
            case var _ when Event(envelope) is { } happened:
                await DecideAsync(happened);
                break;
            default:
                Unhandled(envelope);
                break;
        }

        PassivateIfEnded();
    }

    private JobEvent? Event(JobEnvelope envelope) => envelope.MessageCase switch
    {
        JobEnvelope.MessageOneofCase.Cancel => new CancelRequested(Now, envelope.Cancel.Etag, envelope.Cancel.AskedBy),
        JobEnvelope.MessageOneofCase.Suspend => new SuspendRequested(Now, envelope.Suspend.Etag, envelope.Suspend.AskedBy),
        JobEnvelope.MessageOneofCase.Resume => new ResumeRequested(Now, envelope.Resume.Etag, envelope.Resume.AskedBy),
        JobEnvelope.MessageOneofCase.Change => new ChangeRequested(Now, envelope.Change),
        JobEnvelope.MessageOneofCase.Delete => new DeleteRequested(Now, envelope.Delete.Etag),
        JobEnvelope.MessageOneofCase.Target => new Targeted(Now, envelope.Target),
        JobEnvelope.MessageOneofCase.Report when envelope.Report.ReportCase != WorkerReport.ReportOneofCase.None => new Reported(Now, envelope.Report, PathOf(Sender)),
        JobEnvelope.MessageOneofCase.Wake => new Ticked(Now), // That the entity is there is all that it is for.
        _ => null,
    };

    // Takes the job over, or makes it; false when there is no such job.
    private async Task<bool> EnterAsync(JobEnvelope envelope)
    {
        if (_away is not null && Now < _retryAt)
        {
            throw _away;
        }

        var (row, isNew) = (await _services.Store.FindAsync(_id), false);
        if (row is { HasEnded: false })
        {
            var next = Math.Max(row.Term, _heardTerm) + 1;
            if (!await _services.Store.TakeTermAsync(_id, row.Term, next))
            {
                Stop("another entity took the term while this one was starting");
                return false;
            }

            // Who had the term may have written until it was taken: what he acknowledged is in the row as it is now.
            row = await _services.Store.FindAsync(_id);
            if (row?.Term != next)
            {
                Stop("another entity has taken the term");
                return false;
            }
        }
        else if (row is null && NewRow(envelope) is { } made)
        {
            (row, isNew) = (await _services.Store.InsertAsync(made), true);
            Tell(row, row.Transitions[0]);
            if (_services.AreTraced)
            {
                _records.Take(new WriteLog(JobLogLine.OfJob, $"Its trace has the id {TraceIds.OfJob(_id)}.", Now));
            }
        }

        if (row is null)
        {
            RefuseUnknown(envelope);
            Context.Parent.Tell(new Passivate(PoisonPill.Instance));
            return false;
        }

        _away = null;
        _machine = JobMachine.Of(row, _services.Settings, ByteString.CopyFrom(RandomNumberGenerator.GetBytes(32)), Now);
        await DecideAsync(new Entered(Now));
        if (isNew && _machine is not null)
        {
            _audience.TellAtOnce(_machine.Row, Now);
        }

        return true;
    }

    private JobRow? NewRow(JobEnvelope envelope) => envelope.MessageCase switch
    {
        JobEnvelope.MessageOneofCase.Create => JobMachine.NewRow(_id, envelope.Create, Now),
        JobEnvelope.MessageOneofCase.Adopt => JobMachine.AdoptedRow(_id, envelope.Adopt, Now),
        _ => null,
    };

    private void AnswerCreate(CreateJob create) => Sender.Tell(_machine!.Row.IsMadeBy(create.RequestId, create.RequestHash)
        ? new JobUpdate { Job = _machine.Row.ToJob() }
        : new JobRefused { Job = _id, Status = (int)Grpc.Core.StatusCode.AlreadyExists, Message = JobRow.MadeByAnother(_id) });

    private static bool IsQuestion(JobEnvelope envelope) => envelope.MessageCase is not
        (JobEnvelope.MessageOneofCase.None or JobEnvelope.MessageOneofCase.Target or JobEnvelope.MessageOneofCase.Report or JobEnvelope.MessageOneofCase.Wake);

    // A worker that serves a job of which the store knows nothing keeps what it has: the store may be the wrong one, or an old one. Its operator adopts or releases it.
    private void RefuseUnknown(JobEnvelope envelope)
    {
        if (IsQuestion(envelope))
        {
            Sender.Tell(new JobRefused { Job = _id, Status = (int)Grpc.Core.StatusCode.NotFound, Message = $"There is no job {_id}." });
        }
    }

    private void Subscribe(IActorRef subscriber)
    {
        if (_audience.Add(subscriber, _machine!.Row))
        {
            Context.Watch(subscriber);
        }
    }

    private async Task TickAsync()
    {
        if (_away is not null && Now >= _retryAt)
        {
            await EnterAsync(new JobEnvelope { Job = _id, Wake = new Wake() });
        }

        await DecideAsync(new Ticked(Now));
        if (_machine is not null)
        {
            _audience.TellIfDue(_machine.Row, Now);
        }

        PassivateIfEnded();
    }

    private async Task DecideAsync(JobEvent e)
    {
        if (_machine is null)
        {
            return;
        }

        var before = _machine;
        var (next, actions) = _machine.Decide(e);
        _machine = next;
        foreach (var action in actions)
        {
            if (!await DoAsync(action))
            {
                return;
            }
        }

        foreach (var transition in next.Row.Transitions.Skip(before.Row.Transitions.Count))
        {
            Tell(next.Row, transition);
        }

        _records.MeasureCheckpoint(next.Row, next.CheckpointInterval, Now);
        _tracer.Decided(before, next, Now);
    }

    // False when nothing more is to be done.
    private async Task<bool> DoAsync(JobAction action)
    {
        switch (action)
        {
            case SaveRow save when !await _services.Store.SaveAsync(save.Row):
                Stop("another entity has taken the term");
                return false;
            case SaveRow:
                break;
            case DeleteRow:
                await DeleteAsync();
                return false;
            case BeginAnew anew:
                await BeginAnewAsync(anew.HeardTerm);
                return false;
            case StoreQuarantine quarantine:
                _log.Warning("{Job}: machine {Machine}, device {Device} is in quarantine: {Worker}: {Reason}", _id, quarantine.Entry.Machine, quarantine.Entry.Device, quarantine.Entry.Worker, quarantine.Entry.Reason);
                await _services.Store.QuarantineAsync(quarantine.Entry);
                _services.Scheduler.Tell(new QuarantineStored { Job = _id }, Self);
                break;
            case Order order:
                Context.ActorSelection(order.ActorPath).Tell(order.Message, Self);
                break;
            case TellScheduler tell:
                _services.Scheduler.Tell(tell.Message, Self);
                break;
            case AnswerWithJob:
                Sender.Tell(new JobUpdate { Job = _machine!.Row.ToJob() }, Self);
                break;
            case Refuse refuse:
                Sender.Tell(refuse.Refusal, Self);
                break;
            case Publish { AtOnce: true }:
                _audience.TellAtOnce(_machine!.Row, Now);
                break;
            case Publish:
                _audience.TellSoon();
                break;
            default:
                if (!_records.Take(action))
                {
                    throw new UnreachableException($"Unknown action {action}.");
                }

                break;
        }

        return true;
    }

    private async Task DeleteAsync()
    {
        var sender = Sender;
        await _services.Store.DeleteAsync(_id);
        _log.Info("{Job}: deleted.", _id);
        var deleted = new JobDeleted { Job = _id };
        sender.Tell(deleted, Self);
        _audience.TellDeleted(deleted);
        _machine = null;
        Context.Parent.Tell(new Passivate(PoisonPill.Instance));
    }

    // A worker obeys a higher term: another entity's, or one that a restored store has forgotten.
    private async Task BeginAnewAsync(ulong heardTerm)
    {
        if ((await _services.Store.FindAsync(_id))?.Term != _machine!.Row.Term)
        {
            Stop("another entity has taken the term");
            return;
        }

        _log.Warning("{Job}: a worker obeys term {Term}: this entity begins anew above it.", _id, heardTerm);
        (_machine, _heardTerm) = (null, heardTerm);
    }

    private void Tell(JobRow row, Transition transition)
    {
        _log.Info("{Job}: {State} ({Reason}) {Message}", _id, transition.State, transition.Reason, transition.Message);
        _records.Passed(transition, Now - row.Created);
    }

    private void PassivateIfEnded()
    {
        if (_machine is { Row.HasEnded: true })
        {
            Context.Parent.Tell(new Passivate(PoisonPill.Instance));
        }
    }

    private void Stop(string why)
    {
        _log.Warning("{Job}: this entity stops: {Why}.", _id, why);
        Context.Stop(Self);
    }

    private static string PathOf(IActorRef sender) =>
        sender.IsNobody() || sender.Equals(Context.System.DeadLetters) ? "" : sender.Path.ToStringWithAddress();

    private sealed class Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}
