namespace Trainer.Node.Links;

/// <summary>One thread per actor: for a link's writer, which may block on its socket, and the all-reduce, which sums.</summary>
public static class LinkDispatcher
{
    public const string Name = "link-dispatcher";

    /// <summary>Its definition, in Akka's own format.</summary>
    public const string Settings = Name + " { type = PinnedDispatcher }";
}
