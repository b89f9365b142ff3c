using k8s.Models;
using Trainer.Cluster.Tests.Deploy;

namespace Trainer.Cluster.Tests.Rehearsal;

/// <summary>Who a pod is for network policies.</summary>
internal sealed record Peer(string Namespace, IDictionary<string, string> Labels, Addresses Addresses);

/// <summary>Network policies of a namespace as a filter of a pod's network, as a network plugin makes it: nft's commands.</summary>
internal static class NetworkFilter
{
    public static string Of(Peer self, IReadOnlyList<V1NetworkPolicy> policies, IReadOnlyList<Peer> all)
    {
        var own = policies.Where(policy => policy.Metadata.NamespaceProperty == self.Namespace && Manifests.Selects(policy.Spec.PodSelector, self.Labels)).ToList();
        var into = own.Where(policy => policy.Spec.PolicyTypes.Contains("Ingress")).SelectMany(policy => policy.Spec.Ingress ?? []).SelectMany(rule => Rules("saddr", self.Namespace, rule.FromProperty, rule.Ports, all));
        var outOf = own.Where(policy => policy.Spec.PolicyTypes.Contains("Egress")).SelectMany(policy => policy.Spec.Egress ?? []).SelectMany(rule => Rules("daddr", self.Namespace, rule.To, rule.Ports, all));
        return $$"""
            flush ruleset
            table inet pod {
              chain into {
                type filter hook input priority 0; policy {{Usual("Ingress")}};
                iif lo accept
                ct state established,related accept
                meta l4proto ipv6-icmp accept
                ip saddr {{Machine.Own.V4}} accept
                ip6 saddr {{Machine.Own.V6}} accept
                {{string.Join("\n    ", into)}}
              }
              chain outof {
                type filter hook output priority 0; policy {{Usual("Egress")}};
                oif lo accept
                ct state established,related accept
                meta l4proto ipv6-icmp accept
                {{string.Join("\n    ", outOf)}}
              }
            }

            """;

        // A pod that no policy selects is open.
        string Usual(string type) => own.Exists(policy => policy.Spec.PolicyTypes.Contains(type)) ? "drop" : "accept";
    }

    private static IEnumerable<string> Rules(string side, string space, IList<V1NetworkPolicyPeer> peers, IList<V1NetworkPolicyPort> ports, IReadOnlyList<Peer> all)
    {
        var chosen = all.Where(one => peers.Any(peer => Selects(peer, space, one))).ToList();
        return from port in ports
               where chosen.Count > 0
               let to = $"{port.Protocol.ToLowerInvariant()} dport {port.Port.Value} accept"
               from rule in new[] { $"ip {side} {{ {string.Join(", ", chosen.Select(one => one.Addresses.V4))} }} {to}", $"ip6 {side} {{ {string.Join(", ", chosen.Select(one => one.Addresses.V6))} }} {to}" }
               select rule;
    }

    private static bool Selects(V1NetworkPolicyPeer peer, string space, Peer one) => peer switch
    {
        { IpBlock: not null } => throw new NotSupportedException("A block of addresses is not rehearsed."),
        { NamespaceSelector: { } spaces } => spaces.MatchLabels["kubernetes.io/metadata.name"] == one.Namespace && (peer.PodSelector is null || Manifests.Selects(peer.PodSelector, one.Labels)),
        _ => one.Namespace == space && Manifests.Selects(peer.PodSelector, one.Labels),
    };
}
