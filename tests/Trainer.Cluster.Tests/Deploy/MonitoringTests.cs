using k8s.Models;

namespace Trainer.Cluster.Tests.Deploy;

/// <summary>How a cluster is watched: by Prometheus alone, by its operator, and by Grafana.</summary>
public sealed class MonitoringTests
{
    private static readonly string Alerts = File.ReadAllText(Path.Combine(Repository.Root, "deploy/prometheus/alerts.yaml"));

    [Fact]
    public async Task Dashboards_are_provisioned_by_their_label()
    {
        var manifests = Manifests.Parse(await Programs.RunAsync(Programs.Need("kubectl"), "kustomize", Path.Combine(Repository.Root, "deploy/grafana")));
        var map = Assert.Single(manifests.Of<V1ConfigMap>());

        Assert.Equal("1", map.Metadata.Labels["grafana_dashboard"]);
        Assert.Equal(
            Hosting.Metrics.Dashboard.All.Select(dashboard => (dashboard.File, dashboard.Json())).Order(),
            map.Data.Select(file => (file.Key, file.Value)).Order());
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task The_charts_dashboards_are_the_same()
    {
        var maps = (await Helm.RenderAsync("metrics.dashboards.enabled=true", "metrics.dashboards.namespace=monitoring")).Of<V1ConfigMap>().ToList();

        Assert.All(maps, map => Assert.Equal(("1", "monitoring"), (map.Metadata.Labels["grafana_dashboard"], map.Metadata.NamespaceProperty)));
        Assert.All(maps, map => Assert.InRange(map.Data.Sum(file => file.Value.Length), 1, 250_000)); // What kubectl apply keeps in an annotation is at most 256 KiB.
        Assert.Equal(
            Hosting.Metrics.Dashboard.All.Select(dashboard => ($"trainer-{dashboard.File}", dashboard.Json().TrimEnd())).Order(),
            maps.SelectMany(map => map.Data).Select(file => (file.Key, file.Value)).Order());
    }

    [Fact]
    public void Prometheus_looks_for_services_that_are_there()
    {
        var config = File.ReadAllText(Path.Combine(Repository.Root, "deploy/prometheus/prometheus.yaml"));
        var headless = Manifests.OfRendering("cpu-dev").Of<V1Service>().Where(service => service.Spec.ClusterIP == "None" && service.Spec.Ports.Any(port => port.Name == "http"));

        Assert.Equal(
            headless.Select(service => $"- _http._tcp.{service.Metadata.Name}.trainer.svc.cluster.local").Order(StringComparer.Ordinal),
            config.Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith("- _", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public Task Prometheus_takes_its_configuration() =>
        Programs.RunAsync(Programs.Need("promtool"), "check", "config", Path.Combine(Repository.Root, "deploy/prometheus/prometheus.yaml"));

    /// <summary>As text, since the operator takes the file's groups as they are.</summary>
    [Fact]
    public void The_operators_rules_are_the_alerts()
    {
        Assert.Single(Manifests.OfRendering("ha").OfKind("PrometheusRule"));
        var rendered = File.ReadAllLines(Path.Combine(Manifests.Folder("ha"), "trainer.yaml"));
        var first = Array.IndexOf(rendered, "  groups:");

        var lines = rendered[first..].Select(line => line.Length > 1 ? line[2..] : line);

        var own = Alerts[Alerts.IndexOf("groups:", StringComparison.Ordinal)..].TrimEnd().Split('\n');
        Assert.Equal(own.Select(line => line.TrimEnd()), lines.Take(own.Length).Select(line => line.TrimEnd()));
    }

    [Fact]
    public void The_pod_monitor_asks_every_process_for_a_name_that_its_certificate_has()
    {
        var ha = Manifests.OfRendering("ha");
        var monitor = Assert.Single(ha.OfKind("PodMonitor"));

        Assert.Equal(["coordinator", "worker"], monitor.Strings("selector", "matchExpressions", "0", "values"));
        string[] endpoints = ["0", "1"];
        Assert.All(endpoints, i =>
        {
            var role = $"{monitor.At("podMetricsEndpoints", i, "relabelings", "0", "regex")}";
            var workload = ha.Workloads.First(one => one.IsWorker == (role == "worker"));
            var secret = workload.Pod.Volumes.Single(volume => volume.Name == "certificates").Secret.SecretName;
            var certificate = ha.OfKind("Certificate").Single(one => $"{one.At("secretName")}" == secret);
            Assert.Equal(("https", "http"), ($"{monitor.At("podMetricsEndpoints", i, "scheme")}", $"{monitor.At("podMetricsEndpoints", i, "port")}"));
            Assert.Equal(secret, $"{monitor.At("podMetricsEndpoints", i, "tlsConfig", "ca", "secret", "name")}");
            Assert.Contains(certificate.Strings("dnsNames"), name => Covers(name, $"{monitor.At("podMetricsEndpoints", i, "tlsConfig", "serverName")}"));
        });
    }

    [Fact]
    public void Certificates_say_the_role_and_the_names_that_clients_use()
    {
        var ha = Manifests.OfRendering("ha");
        var (coordinator, node) = (Certificate("trainer-coordinator"), Certificate("trainer-node"));

        Assert.Equal(["trainer://role/coordinator"], coordinator.Strings("uris"));
        Assert.Equal(["trainer://role/node"], node.Strings("uris"));
        Assert.All([coordinator, node], one => Assert.Equal(["digital signature", "server auth", "client auth"], one.Strings("usages")));
        Assert.All(
            ["trainer.trainer.svc.cluster.local", "localhost", ha.Coordinator.Option("--host")!],
            host => Assert.Contains(coordinator.Strings("dnsNames"), name => Covers(name, host)));
        Assert.All(node.Strings("dnsNames"), name => Assert.False(Covers(name, "trainer.trainer.svc.cluster.local"))); // A node cannot be the job API.

        CustomObject Certificate(string name) => ha.OfKind("Certificate").Single(one => one.Metadata.Name == name);
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task With_a_token_nobody_reads_metrics_without_it()
    {
        var manifests = await Helm.RenderAsync("metrics.access=token", "metrics.podMonitor.enabled=true");
        var worker = Assert.Single(manifests.Workers);
        var monitor = Assert.Single(manifests.OfKind("PodMonitor"));

        Assert.All(manifests.Workloads, workload => Assert.DoesNotContain("--metrics-open", workload.Arguments));
        Assert.Equal("/metrics-token/token", worker.Option("--metrics-token-file"));
        Assert.All(["0", "1"], i => Assert.Equal("trainer-metrics", $"{monitor.At("podMetricsEndpoints", i, "authorization", "credentials", "name")}"));
    }

    /// <summary>RFC 6125: a star stands for one label.</summary>
    private static bool Covers(string name, string host) => name == host || (name.StartsWith("*.", StringComparison.Ordinal) && host.Contains('.', StringComparison.Ordinal) && host[host.IndexOf('.', StringComparison.Ordinal)..] == name[1..]);
}
