using System.Net.Sockets;
using Akka.Actor;
using Microsoft.Extensions.Logging;
using Trainer.Node.Links;
using Trainer.Node.Training;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Worker;

/// <summary>Entering a generation of a job, and leaving it.</summary>
public sealed partial class WorkerActor
{
    /// <summary>Generations whose exchange has not come to rest yet.</summary>
    private readonly List<Membership> _ended = [];

    private void Enter(Start start)
    {
        LeaveMembership();
        _membership = new Membership(start, _options.Incarnation, _options.Routes, _buffersAreFree);
        _spans = new GenerationSpans(_driver!.Spans, _membership.Number, start.Assignment.Members.Count - 1);
        _driver.Enter(_membership.Entry);
        var self = Self;
        _membership.Dial(result => self.Tell(result));
        foreach (var offer in _waitingOffers.TakeAll())
        {
            Judge(offer);
        }
    }

    private void LeaveMembership()
    {
        if (_membership is { } membership)
        {
            _spans?.End();
            membership.Leave(Context);
            _ended.Add(membership);
            _buffersAreFree = Task.WhenAll(_buffersAreFree, membership.BuffersAreFree);
            _membership = null;
        }
    }

    private void Judge(LinkOffered offer)
    {
        var (verdict, reason) = LinkOffers.Judge(offer, _machine.Job, _membership, _machine.Phase == WorkerPhase.Entering);
        if (verdict == OfferVerdict.Wait)
        {
            _waitingOffers.Add(offer, _machine.Job)?.Connection.Dispose(); // A peer dials again.
        }
        else if (verdict == OfferVerdict.Refuse)
        {
            _refusedOffers.Note(reason);
            offer.Connection.Refuse(offer.Header, reason);
        }
        else if (offer.Header.Kind == FrameKind.StateWanted)
        {
            Donate(offer);
        }
        else
        {
            Accept(offer);
        }
    }

    private void Accept(LinkOffered offer)
    {
        try
        {
            offer.Connection.Write(_membership!.Entry.LinkHeader, _membership.Entry.Secret.ToBytes());
            _membership.Take(offer.Header.Rank, offer.Connection);
            _spans!.Linked(offer.Header.Rank);
            Decide(new LinkUp(_membership.Number, offer.Header.Rank));
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            offer.Connection.Dispose(); // The peer has given up on this connection; it will open another.
        }
    }

    private void Donate(LinkOffered offer)
    {
        if (_driver!.OpenReader(offer.Header.Item) is not { } state)
        {
            offer.Connection.Refuse(offer.Header, $"{_options.Name} does not hold the state after item {offer.Header.Item}");
            return;
        }

        _membership!.Donate(offer.Connection, state, _options.Reached, reason => _options.Logger.LogWarning(
            "The state after item {Item} could not be sent to rank {Rank}: {Reason}", offer.Header.Item, offer.Header.Rank, reason));
    }

    private void Linked(LinkDialed dialed)
    {
        if (_membership is { } membership && membership.Number == dialed.Generation)
        {
            membership.Take(dialed.Rank, dialed.Connection);
            _spans!.Linked(dialed.Rank);
            Decide(new LinkUp(dialed.Generation, dialed.Rank));
        }
        else
        {
            dialed.Connection.Dispose();
        }
    }

    private void Prepared(StepDriver.Ready ready)
    {
        if (_membership is { } membership && membership.Number == ready.Generation)
        {
            membership.Work = ready.Work;
            Decide(new StateTaken(ready.Generation, ready.WarmStartRest is { } rest ? JobNotes.Of(rest) : null));
        }
    }

    private void Progressed(StepDriver.Progressed progressed)
    {
        if (_membership?.Number == progressed.Generation)
        {
            _spans!.Committed();
        }

        Decide(new ItemsCommitted(progressed.Generation, progressed.Progress));
    }

    private void Train()
    {
        var (membership, driver) = (_membership!, _driver!);
        _spans!.Trains();
        driver.Train(membership.Entry, membership.Exchange(Context, item => driver.Ledger.Commit(membership.Number, item)));
        var (plan, data) = (membership.Work!.Plan, membership.Work.Job.Data);
        Do(new Say(new WorkerReport
        {
            Job = membership.Start.Job,
            Worker = _options.Name,
            Incarnation = _options.Incarnation,
            Generation = membership.Start.Generation,
            Log = new LogLine
            {
                Message = $"Rank {membership.Rank} of {plan.Members}: shards {string.Join(", ", plan.Roots[membership.Rank])} of {plan.Shards} "
                    + $"on {_options.Device.Description}; {data.Train.Count} training and {data.Test.Count} test images.",
                UnixMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
            },
        }));
    }

    private void EndTheJob()
    {
        LeaveMembership();
        _driver!.Stop();
        if (_driver.Abandon())
        {
            Forget();
        }
    }

    /// <summary>The job's thread has ended, or is given up.</summary>
    private void Forget()
    {
        (_driver, _clearing) = (null, TimeSpan.Zero);
        Decide(new DriverOver());
    }
}
