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
    public static (OfferVerdict Verdict, string Reason) Judge(LinkOffered offer, Membership? membership)
    {
        var generation = offer.Header.Generation;
        if (membership is null || offer.Hello.Job != membership.Job || generation > membership.Generation)
        {
            return (OfferVerdict.Wait, "");
        }

        if (generation < membership.Generation)
        {
            return (OfferVerdict.Refuse, $"generation {generation} of job {membership.Job} is over, {membership.Generation} is served");
        }

        if (!offer.Hello.HasSecret(membership.Start.Secret.Span))
        {
            return (OfferVerdict.Refuse, $"wrong secret for job {membership.Job}, generation {generation}");
        }

        var rank = offer.Header.Rank;
        if (rank < 0 || rank >= membership.Rank)
        {
            return (OfferVerdict.Refuse, $"rank {rank} does not open the link to rank {membership.Rank}: the lower one does");
        }

        var expected = membership.Start.Assignment.Members[rank].Incarnation;
        if (offer.Hello.Incarnation != expected)
        {
            return (OfferVerdict.Refuse, $"rank {rank} is incarnation '{expected}', not '{offer.Hello.Incarnation}'");
        }

        return membership.Links[rank] is null ? (OfferVerdict.Accept, "") : (OfferVerdict.Refuse, $"rank {rank} is linked already");
    }
}
