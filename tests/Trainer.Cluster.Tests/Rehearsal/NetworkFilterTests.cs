using Trainer.Cluster.Tests.Deploy;

namespace Trainer.Cluster.Tests.Rehearsal;

public sealed class NetworkFilterTests
{
    private static readonly Peer Coordinator = Named("trainer", "coordinator", 10);
    private static readonly Peer Worker = Named("trainer", "worker", 11);
    private static readonly Peer Other = Named("trainer", "worker", 13);
    private static readonly Peer Stranger = Named("elsewhere", "worker", 17);
    private static readonly Peer Prometheus = Named("monitoring", "prometheus", 19);

    [Fact]
    public void A_pod_is_open_for_whom_the_policies_name_and_closed_for_all_others()
    {
        var rules = Of(Worker);

        Assert.Contains("hook input priority 0; policy drop;", rules, StringComparison.Ordinal);
        Assert.Contains("hook output priority 0; policy drop;", rules, StringComparison.Ordinal);
        Assert.Contains("ip saddr { 10.244.0.11, 10.244.0.13 } tcp dport 6000 accept", rules, StringComparison.Ordinal);
        Assert.Contains("ip6 daddr { fd00:10:244::11, fd00:10:244::13 } tcp dport 6000 accept", rules, StringComparison.Ordinal);
        Assert.Contains("ip saddr { 10.244.0.10, 10.244.0.11, 10.244.0.13 } tcp dport 4053 accept", rules, StringComparison.Ordinal);
        Assert.Contains("ip saddr { 10.244.0.19 } tcp dport 9090 accept", rules, StringComparison.Ordinal);
        Assert.DoesNotContain("10.244.0.17", rules, StringComparison.Ordinal);
        Assert.DoesNotContain("dport 5000", rules, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pod_that_no_policy_selects_is_open()
    {
        var rules = Of(Stranger);

        Assert.DoesNotContain("policy drop", rules, StringComparison.Ordinal);
        Assert.DoesNotContain("dport", rules, StringComparison.Ordinal);
    }

    private static string Of(Peer self) => NetworkFilter.Of(self, [.. Manifests.OfRendering("cpu-dev").NetworkPolicies], [Coordinator, Worker, Other, Stranger, Prometheus]);

    private static Peer Named(string space, string name, int number) => new(space, new Dictionary<string, string> { ["app.kubernetes.io/name"] = name }, new Addresses(number));
}
