using Trainer.Node.Links;

namespace Trainer.Node.Worker;

/// <summary>Hellos of jobs and generations that the worker may still hear of, oldest first: no more than there is room for.</summary>
internal sealed class WaitingOffers(int most)
{
    private readonly LinkedList<LinkOffered> _offers = [];

    /// <summary>Lets an offer wait. Another one goes where it says the same as this one or there are too many: the oldest of a job that is not served, else the oldest.</summary>
    /// <param name="job">That the worker serves; empty: none.</param>
    /// <returns>Who has to go; null: nobody.</returns>
    public LinkOffered? Add(LinkOffered offer, string job)
    {
        var goes = _offers.FirstOrDefault(other => IsSame(other, offer));
        if (goes is null && _offers.Count >= most)
        {
            goes = _offers.FirstOrDefault(other => other.Hello.Job != job) ?? _offers.First!.Value;
        }

        if (goes is not null)
        {
            _offers.Remove(goes);
        }

        _offers.AddLast(offer);
        return goes;
    }

    public IReadOnlyList<LinkOffered> TakeAll()
    {
        List<LinkOffered> all = [.. _offers];
        _offers.Clear();
        return all;
    }

    // What opens a link and what wants a state are two connections.
    private static bool IsSame(LinkOffered one, LinkOffered other) =>
        one.Header.Kind == other.Header.Kind
        && one.Header.Generation == other.Header.Generation
        && one.Header.Rank == other.Header.Rank
        && one.Hello.Job == other.Hello.Job
        && one.Hello.Incarnation == other.Hello.Incarnation;
}
