using Trainer.Node.Links;

namespace Trainer.Node.Worker;

/// <summary>What becomes of a peer's Hello.</summary>
internal enum OfferVerdict
{
    /// <summary>It belongs to the generation being served: answer.</summary>
    Accept,

    /// <summary>It is of a job or generation that we may still hear of: let it wait, unread.</summary>
    Wait,

    /// <summary>Refuse, with a reason.</summary>
    Refuse,
}

/// <summary>Decides about Hellos. Pure.</summary>
internal static class LinkOffers
{
    /// <param name="job">That the worker serves; empty: none.</param>
    /// <param name="served">The generation that it is in; null: none.</param>
    /// <param name="isEntering">It still opens links; else what comes late has no place.</param>
    public static (OfferVerdict Verdict, string Reason) Judge(LinkOffered offer, string job, Membership? served, bool isEntering)
    {
        var generation = offer.Header.Generation;
        if (served is null || offer.Hello.Job != job || generation > served.Number)
        {
            return (OfferVerdict.Wait, "");
        }

        if (generation < served.Number)
        {
            return (OfferVerdict.Refuse, $"generation {generation} of job {job} is over, {served.Number} is served");
        }

        if (!offer.Hello.HasSecret(served.Start.Secret.Span))
        {
            return (OfferVerdict.Refuse, $"wrong secret for job {job}, generation {generation}");
        }

        var (rank, members) = (offer.Header.Rank, served.Start.Assignment.Members);
        if (rank < 0 || rank >= members.Count || members[rank].Incarnation != offer.Hello.Incarnation)
        {
            return (OfferVerdict.Refuse, $"rank {rank} of generation {generation} is not incarnation '{offer.Hello.Incarnation}'");
        }

        if (offer.Header.Kind == FrameKind.StateWanted)
        {
            return (OfferVerdict.Accept, "");
        }

        return rank >= served.Rank ? (OfferVerdict.Refuse, $"rank {rank} does not open the link to rank {served.Rank}: the lower one does")
            : isEntering ? (OfferVerdict.Accept, "")
            : (OfferVerdict.Refuse, $"generation {generation} of job {job} opens no more links");
    }
}
