using System.Text.RegularExpressions;
using k8s.Models;

namespace Trainer.Cluster.Tests.Deploy;

/// <summary>The chart beyond what is rendered and committed.</summary>
public sealed partial class ChartTests
{
    /// <summary>Values as an operator combines them, not all of them usual.</summary>
    public static TheoryData<string> Combinations =>
    [
        "", "openshift=true", "networkPolicy.enabled=false", "disruptionBudgets.enabled=false", "ipFamilyPolicy=PreferDualStack", "coordinator.store.kind=postgres",
        "insecure.yaml openshift=true", "insecure.yaml ha.yaml", "cpu-dev.yaml ha.yaml spot.yaml workers.cpu.replicas=3", "gpu.yaml ha.yaml", "gpu.yaml spot.yaml workers.spot.gpus=8",
        "ha.yaml coordinator.replicas=5 artifacts.bucket.existingSecret= artifacts.bucket.region=eu-central-1 artifacts.bucket.endpoint=https://minio.example.com:9000 artifacts.bucket.port=9000",
        "workers.worker.threads=3 workers.worker.resources.requests.cpu=null", "workers.worker.resources.requests.cpu=2500m", "workers.worker=null", "workers.worker.replicas=null", "workers.worker.maxSurge=25%",
        "workers.cpu.replicas=1 workers.gpu.device=cuda workers.gpu.gpus=4 workers.gpu.runtimeClassName=nvidia priorityClasses.create=true",
        "workers.worker.autoscaling.kind=keda", "workers.worker.autoscaling.kind=hpa workers.worker.autoscaling.min=1",
        "data.volume.enabled=true data.fetch={fashion-mnist}", "data.volume.enabled=true data.volume.existingClaim=pictures artifacts.volume.existingClaim=results",
        "tls.certManager.issuer.name=company tls.certManager.issuer.kind=ClusterIssuer tls.hosts={trainer.example.com}", "tls.mode=secrets tls.secrets.certificate=tls.crt tls.secrets.key=tls.key tls.secrets.authority=ca.crt",
        "metrics.access=token metrics.podMonitor.enabled=true metrics.rules.enabled=true metrics.podMonitor.labels.release=stack", "networkPolicy.dns.blocks={169.254.20.10/32,fd00::a/128}",
        "extraArgs={--otlp=http://collector.observability:4318} log.level=debug", "extraArgs={--limit,connections=77} env[0].name=HTTPS_PROXY env[0].value=http://proxy.example.com:3128 networkPolicy.extraEgress[0].ports[0].port=3128",
        "image.repository=registry.example.com:5000/ml/trainer image.digest=sha256:0123456789012345678901234567890123456789012345678901234567890123 image.pullSecrets={registry} image.pullPolicy=Always",
    ];

    /// <summary>What is wrong, and what is said of it.</summary>
    public static TheoryData<string, string> Wrong => new()
    {
        { "coordinator.replicas=2", "- at '/coordinator/replicas': value must be one of 1, 3, 5, 7" },
        { "workers.worker.gpu=1", "- at '/workers/worker': additional properties 'gpu' not allowed" },
        { "coordinator.replicas=3", "coordinator.replicas is 3, and coordinator.store.kind sqlite: a SQLite file has one coordinator. Set coordinator.store.kind to postgres, or replicas to 1." },
        { "token.existingSecret=", "tls.mode is certManager, and token.existingSecret is empty: anybody could call the job API. Name the secret that holds the cluster's token." },
    };

    public static TheoryData<string, string> AlsoWrong => new()
    {
        { "image.digest=sha256:12", "- at '/image/digest': 'sha256:12' does not match pattern '^(sha256:[0-9a-f]{64})?$'" },
        { "image.pullPolicy=Sometimes", "- at '/image/pullPolicy': value must be one of 'Always', 'IfNotPresent', 'Never'" },
        { "tls.mode=none", "- at '/tls/mode': value must be one of 'certManager', 'secrets', 'insecure'" },
        { "artifacts.kind=nfs", "- at '/artifacts/kind': value must be one of 'volume', 'bucket'" },
        { "artifacts.bucket.endpoint=https://user:secret@minio", "- at '/artifacts/bucket/endpoint': 'https://user:secret@minio' does not match pattern '^(https?://[^@]+)?$'" },
        { "artifacts.bucket.address=gs://training", "- at '/artifacts/bucket/address': 'gs://training' does not match pattern '^(s3://[a-z0-9][a-z0-9.-]+(/.*)?)?$'" },
        { "artifacts.kind=bucket", "artifacts.kind is bucket, and artifacts.bucket.address is empty; expected s3://BUCKET/PREFIX." },
        { "ha.yaml artifacts.bucket.endpoint=https://minio:9000", "artifacts.bucket.port is 443, and artifacts.bucket.endpoint https://minio:9000: the network policy would keep pods from it. Set port to 9000." },
        { "ha.yaml artifacts.bucket.endpoint=http://minio", "Set port to 80." },
        { "workers.coordinator.replicas=1", "- at '': invalid propertyName 'coordinator'" },
        { "workers.on.replicas=1", "- at '': invalid propertyName 'on'" },
        { "workers.worker.labels.trainer-group=other", "- at '': invalid propertyName 'trainer-group'" },
        { "workers.worker.maxSurge=0%", "'0%' does not match pattern" },
        { "artifacts.volume.accessModes={ReadWriteOncePod}", "- at '/artifacts/volume/accessModes/0': value must be one of 'ReadWriteOnce', 'ReadWriteMany'" },
        { "workers.worker.device=opencl workers.worker.autoscaling.kind=keda", "workers.worker: device is opencl, and autoscaling.devices any, cpu: it would not follow jobs that ask for opencl. Name the kind there." },
        { "workers.worker.device=gpu", "- at '/workers/worker/device': 'gpu' does not match pattern" },
        { "workers.worker.resources.limits.memory=lots", "- at '/workers/worker/resources/limits/memory': 'lots' does not match pattern" },
        { "workers.worker.cacheGiB=0", "- at '/workers/worker/cacheGiB': minimum: got 0, want 1" },
        { "workers.worker.gpus=1", "workers.worker: gpus is 1, and device cpu: nothing would say that a GPU cannot be used. Set device to cuda or opencl, or gpus to 0." },
        { "workers.worker.gpus=4 workers.worker.device=cuda:1", "workers.worker: gpus is 4, and device cuda:1: a pod has a worker for each of its GPUs, so name the kind alone. Set device to cuda." },
        { "workers.worker.autoscaling.kind=hpa", "workers.worker: autoscaling.min is 0, and autoscaling.kind hpa, which keeps at least one pod. Set min to 1 or more, or kind to keda." },
        { "workers.worker.autoscaling.min=9", "workers.worker: autoscaling.min is 9, and autoscaling.max 8; expected min to be at most max." },
        { "workers.worker.resources.requests.cpu=null", "workers.worker: threads is null, and resources.requests.cpu is not set: the number of threads is the CPU request. Set one of them." },
        { "data.fetch={fashion-mnist}", "data.fetch names data sets, and data.volume.enabled is false: there is no volume to download them into. Enable it, or push them: trainer data push." },
        { "replicas=3", "- at '': additional properties 'replicas' not allowed" },
        { "log.level=verbose", "- at '/log/level': value must be one of 'trace', 'debug', 'info', 'warn', 'error'" },
    };

    [Fact]
    public async Task It_lints() => await Programs.RunAsync(Programs.Need("helm"), "lint", "--strict", Helm.Chart);

    [Fact]
    public void It_is_of_the_release_in_work() => Assert.All(
        ["version", "appVersion"],
        field => Assert.Contains($"\n{field}: {Hosting.TrainerVersion.Current}\n", File.ReadAllText(Path.Combine(Helm.Chart, "Chart.yaml")), StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Wrong_values_are_refused(string value, string said) => Assert.Contains(said, await Helm.RefusalAsync(value), StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(AlsoWrong))]
    [Trait("Category", "Long")]
    public async Task More_wrong_values_are_refused(string value, string said) => Assert.Contains(said, await Helm.RefusalAsync(Split(value)), StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Combinations))]
    [Trait("Category", "Long")]
    public async Task What_holds_of_every_cluster_holds_of(string values) => ManifestRules.AllHold(await Helm.RenderAsync(Split(values)));

    [Theory]
    [MemberData(nameof(RenderingTests.Renderings), MemberType = typeof(RenderingTests))]
    [Trait("Category", "Long")]
    public async Task Each_values_file_lints(string name) => await Programs.RunAsync(Programs.Need("helm"), "lint", "--strict", Helm.Chart, "--values", Path.Combine(Helm.Chart, "values", $"{name}.yaml"));

    [Fact]
    [Trait("Category", "Long")]
    public async Task An_autoscaler_alone_says_how_many_workers_there_are()
    {
        var keda = await Helm.RenderAsync("gpu.yaml", "workers.worker.autoscaling.kind=keda", "workers.worker.autoscaling.max=13");
        var hpa = await Helm.RenderAsync("workers.worker.autoscaling.kind=hpa", "workers.worker.autoscaling.min=1");
        var (scaled, own) = (Assert.Single(keda.OfKind("ScaledObject")), Assert.Single(hpa.Of<V2HorizontalPodAutoscaler>()));

        Assert.All([keda, hpa], manifests => Assert.Null(Assert.Single(manifests.Workers).Replicas));
        Assert.Null(Assert.Single((await Helm.RenderAsync("workers.worker.replicas=null")).Workers).Replicas);
        Assert.Equal(("worker", "0", "13"), ($"{scaled.At("scaleTargetRef", "name")}", $"{scaled.At("minReplicaCount")}", $"{scaled.At("maxReplicaCount")}"));
        Assert.Equal("sum(max by (device) (trainer_workers_wanted{namespace=\"trainer\",device=~\"any|cuda\"}))", $"{scaled.At("triggers", "0", "metadata", "query")}");
        Assert.Equal(("worker", Hosting.Metrics.MetricCatalog.WorkersWanted.Name), (own.Spec.ScaleTargetRef.Name, own.Spec.Metrics[0].External.Metric.Name));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    [Trait("Category", "Long")]
    public async Task A_pod_with_several_gpus_has_a_worker_on_each_and_a_port_for_each(int gpus)
    {
        var manifests = await Helm.RenderAsync("gpu.yaml", $"workers.worker.gpus={gpus}", "workers.worker.autoscaling.kind=keda", "workers.cpu.device=cpu", "workers.cpu.gpus=0");
        var worker = manifests.Workers.Single(workload => workload.Name == "worker");

        Assert.Equal(("cuda:all", $"{gpus}"), (worker.Option("--device"), worker.Main.Resources.Limits["nvidia.com/gpu"].ToString()));
        Assert.Equal($"{gpus}", $"{Assert.Single(manifests.OfKind("ScaledObject")).At("triggers", "0", "metadata", "threshold")}");
        var links = manifests.NetworkPolicies.Single(policy => policy.Metadata.Name == "links").Spec;
        Assert.All([links.Ingress.Single().Ports.Single(), links.Egress.Single().Ports.Single()], port => Assert.Equal(("6000", 6000 + gpus - 1), (port.Port.Value, port.EndPort)));
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task On_OpenShift_the_namespace_says_which_user_a_pod_has_and_names_are_asked_of_its_own_DNS()
    {
        var manifests = await Helm.RenderAsync("openshift=true");

        Assert.All(manifests.Workloads, workload => Assert.True(workload.Pod.SecurityContext is { RunAsUser: null, RunAsGroup: null, FsGroup: null, RunAsNonRoot: true }));
        var dns = manifests.NetworkPolicies.Single(policy => policy.Metadata.Name == "dns").Spec.Egress.Single();
        Assert.Equal("openshift-dns", dns.To[0].NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"]);
        Assert.All(dns.Ports, port => Assert.Equal("5353", port.Port.Value));
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task A_download_is_had_by_who_asks_for_it_and_opens_the_way()
    {
        var manifests = await Helm.RenderAsync("data.volume.enabled=true", "data.fetch={fashion-mnist}", "env[0].name=HTTPS_PROXY", "env[0].value=http://proxy.example.com:3128");

        var download = Assert.Single(manifests.Coordinator.Pod.InitContainers);
        Assert.Equal(["data", "fetch", "fashion-mnist", "--to=/data/fashion-mnist"], manifests.Coordinator.ArgumentsOf(download));
        Assert.Equal("http://proxy.example.com:3128", manifests.Coordinator.Environment(download)["HTTPS_PROXY"]);
        Assert.Equal(["80", "443"], manifests.NetworkPolicies.Single(policy => policy.Metadata.Name == "data").Spec.Egress.Single().Ports.Select(port => port.Port.Value));
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Database_and_bucket_are_reached_at_their_own_ports_and_addresses_alone()
    {
        var manifests = await Helm.RenderAsync(
            "ha.yaml", "coordinator.store.postgres.port=6432", "artifacts.bucket.endpoint=http://[fd00::7]:9000", "artifacts.bucket.port=9000", "networkPolicy.storeTo[0].ipBlock.cidr=10.7.0.0/16", "networkPolicy.bucketTo[0].ipBlock.cidr=fd00::7/128");

        Assert.Equal(("6432", "10.7.0.0/16"), Opening("store"));
        Assert.Equal(("9000", "fd00::7/128"), Opening("bucket"));

        (string Port, string Block) Opening(string policy)
        {
            var rule = Assert.Single(manifests.NetworkPolicies.Single(one => one.Metadata.Name == policy).Spec.Egress);
            return (rule.Ports.Single().Port.Value, rule.To.Single().IpBlock.Cidr);
        }
    }

    /// <summary>helm test: a pod of the same image, whom the network policy lets at the job API.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public async Task Its_test_asks_the_job_api_from_where_clients_may()
    {
        var manifests = await Helm.RenderAsync();
        var pod = Assert.Single(manifests.Of<V1Pod>());

        Assert.Equal(manifests.Coordinator.Main.Image, pod.Spec.Containers[0].Image);
        Assert.Contains("--endpoint=https://trainer.trainer.svc.cluster.local:5000", pod.Spec.Containers[0].Args);
        Assert.True(Manifests.Selects(manifests.NetworkPolicies.Single(policy => policy.Metadata.Name == "api").Spec.Ingress[0].FromProperty[0].PodSelector, pod.Metadata.Labels));
    }

    /// <summary>YAML takes 2024 for a number and yes for true, and the API server refuses both as names.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public async Task Names_that_look_like_something_else_stay_names()
    {
        var text = await Programs.RunAsync(
            Programs.Need("helm"), "template", "trainer", Helm.Chart, "--namespace", "2024", "--set", "tls.mode=secrets,token.existingSecret=1e5,token.key=yes,tls.secrets.node=0x10,tls.secrets.key=no", "--set-string", "artifacts.volume.storageClassName=7");

        Assert.Contains("  namespace: \"2024\"\n", text, StringComparison.Ordinal);
        Assert.DoesNotMatch("(namespace|secretName|storageClassName|key): (2024|1e5|yes|no|0x10|7)[\\n,]", text);
    }

    [Theory]
    [InlineData("cpu-dev.yaml", "kubectl -n trainer create secret generic trainer-token")]
    [InlineData("insecure.yaml", "In clear, and without a token")]
    [InlineData("ha.yaml", "trainer-store")]
    [Trait("Category", "Long")]
    public async Task Its_notes_say_what_to_do_next(string values, string said)
    {
        var text = await Programs.RunAsync(Programs.Need("helm"), "install", "trainer", Helm.Chart, "--namespace", "trainer", "--dry-run=client", "--values", Path.Combine(Helm.Chart, "values", values));

        var notes = text[text.IndexOf("NOTES:", StringComparison.Ordinal)..];
        Assert.Contains(said, notes, StringComparison.Ordinal);
        Assert.Equal(notes.Contains("> token", StringComparison.Ordinal), notes.Contains("(umask 077; kubectl", StringComparison.Ordinal)); // Else the command line refuses the file.
        DocumentationTests.AssertTaken("NOTES.txt", notes);
    }

    [Fact]
    public void Every_value_of_the_defaults_is_in_the_schema_by_its_section()
    {
        var schema = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(Path.Combine(Helm.Chart, "values.schema.json")))!;
        var sections = TopLevel.Matches(File.ReadAllText(Path.Combine(Helm.Chart, "values.yaml"))).Select(match => match.Groups["section"].Value);

        Assert.Equal(schema["properties"]!.AsObject().Select(property => property.Key).Where(key => key != "global").Order(StringComparer.Ordinal), sections.Order(StringComparer.Ordinal));
    }

    private static string[] Split(string values) => values.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(@"^(?<section>[a-zA-Z]+):", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TopLevel { get; }
}
