using System.Net.Sockets;
using Akka.Actor;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Trainer.Node.Links;
using Trainer.Node.Reduction;
using Trainer.Node.Training;
using Trainer.Protos.Cluster;
using Failure = Trainer.Protos.Cluster.Failure;

namespace Trainer.Node.Worker;

/// <summary>Entering a generation of a job, and leaving it.</summary>
public sealed partial class WorkerActor
{
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
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
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
            state.Plan, FrameHeader.HashOf(Serving.Job), Serving.Generation, Serving.Rank, state.Buffers, mostSamples, Serving.Links, Serving.Pool, Serving.Waiter)
        {
            RoundedElements = state.Network.RoundedElements,
        };
        var props = Props.Create(() => new AllReduce(setup)).WithDispatcher(LinkDispatcher.Name);
        Serving.AllReduce = Context.Watch(Context.ActorOf(props, "all-reduce"));
        Become(Training);
        Say(new WorkerReport { Started = new Started { Device = _options.Device.Description } });
        Log($"Rank {Serving.Rank} of {Serving.Members}: shards {string.Join(", ", state.Plan.Roots[Serving.Rank])} of {state.Plan.Shards} "
            + $"on {_options.Device.Description}; {state.Data.Train.Count} training and {state.Data.Test.Count} test images.");
        if (Serving.Rank == 0 && state.WarmStartRest is { } rest && JobNotes.Of(rest) is { } note)
        {
            Log(note);
        }

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
        EndWith(new WorkerReport { Fenced = new Fenced { Step = Serving.Run?.Applied ?? 0, Hash = ByteString.CopyFrom(hash) } });
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
}
