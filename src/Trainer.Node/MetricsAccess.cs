using Trainer.Hosting.Tokens;

namespace Trainer.Node;

/// <summary>Who may read a node's metrics. A node has no store, so it knows tokens by what it was started with.</summary>
/// <param name="tokens">Any of these will do; null: nobody needs one.</param>
internal sealed class MetricsAccess(IReadOnlyList<string>? tokens)
{
    public const string Refusal =
        "/metrics of a node needs the header 'authorization: Bearer TOKEN' with the token of its run folder or of its --metrics-token-file. To do without, start the node with --metrics-open.\n";

    private readonly IReadOnlyList<byte[]>? _hashes = tokens?.Select(BearerToken.Hash).ToList();

    public static MetricsAccess Of(NodeOptions options) => new(options.MetricsOpen ? null : [.. new[] { options.Run?.Token, options.MetricsToken }.OfType<string>()]);

    /// <param name="authorization">The header.</param>
    public bool Admits(string authorization) => _hashes is null || BearerToken.SecretOf(authorization) is var secret && _hashes.Any(hash => BearerToken.IsOf(hash, secret));
}
