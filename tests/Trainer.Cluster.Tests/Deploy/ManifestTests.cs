using System.CommandLine;
using k8s;
using k8s.Models;
using Trainer.Cli;
using Trainer.Cli.Output;

namespace Trainer.Cluster.Tests.Deploy;

/// <summary>The manifests by themselves and among each other: what a cluster would refuse, and what it would take and then not work.</summary>
public sealed class ManifestTests
{
    public static TheoryData<string> Overlays => ["cpu-dev", "gpu"];

    public static TheoryData<string> Files =>
    [
        .. Directory.GetFiles(Path.Combine(Repository.Root, "deploy/k8s"), "*.yaml", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(file) != "kustomization.yaml")
            .Select(file => Path.GetRelativePath(Repository.Root, file))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Without kubectl too.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void Every_file_has_only_known_fields(string file) => Assert.NotEmpty(Manifests.Parse(File.ReadAllText(Path.Combine(Repository.Root, file))).All);

    [Fact]
    public void A_misspelt_field_would_be_found() =>
        Assert.ThrowsAny<Exception>(() => Manifests.Parse("apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  selectr: {}\n"));

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Everything_is_in_the_namespace_and_named_once(string overlay)
    {
        var manifests = await Manifests.OfOverlay(overlay);
        IKubernetesObject<V1ObjectMeta>[] all = [.. manifests.All.Cast<IKubernetesObject<V1ObjectMeta>>()];

        Assert.All(all, item => Assert.Equal(item is V1Namespace ? null : "trainer", item.Metadata.NamespaceProperty));
        Assert.Single(all, item => item is V1Namespace && item.Metadata.Name == "trainer");
        Assert.Equal(all.Length, all.Select(item => (item.Kind, item.Metadata.Name)).Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Services_reach_ports_of_pods(string overlay)
    {
        var manifests = await Manifests.OfOverlay(overlay);

        Assert.Equal(["coordinator", "trainer", "worker"], manifests.Services.Select(service => service.Metadata.Name).Order(StringComparer.Ordinal));
        Assert.All(manifests.Services, service =>
        {
            var set = Assert.Single(manifests.Selected(new V1LabelSelector { MatchLabels = service.Spec.Selector }));
            Assert.All(service.Spec.Ports, port => Assert.Contains(Manifests.Ports(set), own => own.Name == port.TargetPort.Value && own.ContainerPort == port.Port));
        });
        Assert.All(manifests.StatefulSets, set =>
        {
            var headless = Service(manifests, set);
            Assert.Equal("None", headless.Spec.ClusterIP);
            Assert.True(headless.Spec.PublishNotReadyAddresses);
            Assert.Equal("Parallel", set.Spec.PodManagementPolicy);
            Assert.Contains(set, manifests.Selected(set.Spec.Selector));
        });
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Every_process_is_probed_on_its_http_port(string overlay)
    {
        var manifests = await Manifests.OfOverlay(overlay);

        Assert.All(manifests.StatefulSets.SelectMany(set => set.Spec.Template.Spec.Containers), container =>
        {
            V1Probe[] probes = [container.StartupProbe, container.ReadinessProbe, container.LivenessProbe];
            Assert.Equal(["/healthz", "/readyz", "/healthz"], probes.Select(probe => probe.HttpGet.Path));
            Assert.All(probes, probe => Assert.Contains(container.Ports, port => port.Name == probe.HttpGet.Port.Value));
        });
        Assert.All(manifests.StatefulSets, set =>
        {
            var annotations = set.Spec.Template.Metadata.Annotations;
            Assert.Equal("true", annotations["prometheus.io/scrape"]);
            Assert.Equal("/metrics", annotations["prometheus.io/path"]);
            Assert.Contains(Manifests.Ports(set), port => port.Name == "http" && $"{port.ContainerPort}" == annotations["prometheus.io/port"]);
        });
    }

    /// <summary>The "restricted" pod security standard, and no token of Kubernetes in any pod.</summary>
    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Pods_are_restricted(string overlay)
    {
        var manifests = await Manifests.OfOverlay(overlay);

        Assert.All(manifests.StatefulSets, set =>
        {
            var pod = set.Spec.Template.Spec;
            Assert.True(pod.SecurityContext.RunAsNonRoot);
            Assert.Equal(1654, pod.SecurityContext.RunAsUser);
            Assert.Equal("RuntimeDefault", pod.SecurityContext.SeccompProfile.Type);
            Assert.False(pod.AutomountServiceAccountToken);
            Assert.True(pod.TerminationGracePeriodSeconds >= 75);
            Assert.Contains(manifests.All.OfType<V1ServiceAccount>(), account => account.Metadata.Name == pod.ServiceAccountName && account.AutomountServiceAccountToken == false);
        });
        Assert.All(manifests.StatefulSets.SelectMany(Manifests.Containers), container =>
        {
            Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
            Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
            Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
            Assert.Contains("memory", container.Resources.Limits.Keys);
            Assert.Contains(container.VolumeMounts, mount => mount.MountPath == "/tmp");
        });
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task What_pods_refer_to_is_there(string overlay)
    {
        var manifests = await Manifests.OfOverlay(overlay);
        string[] claims = [.. manifests.All.OfType<V1PersistentVolumeClaim>().Select(claim => claim.Metadata.Name)];

        Assert.All(manifests.StatefulSets, set =>
        {
            var pod = set.Spec.Template.Spec;
            string[] volumes = [.. pod.Volumes.Select(volume => volume.Name), .. (set.Spec.VolumeClaimTemplates ?? []).Select(claim => claim.Metadata.Name)];
            Assert.All(Manifests.Containers(set).SelectMany(container => container.VolumeMounts), mount => Assert.Contains(mount.Name, volumes));
            Assert.All(volumes, volume => Assert.Contains(Manifests.Containers(set).SelectMany(container => container.VolumeMounts), mount => mount.Name == volume));
            Assert.All(pod.Volumes.Where(volume => volume.PersistentVolumeClaim is not null), volume => Assert.Contains(volume.PersistentVolumeClaim.ClaimName, claims));
            Assert.Equal(
                set.Metadata.Name == "coordinator" ? ["trainer-coordinator", "trainer-token"] : ["trainer-node"],
                pod.Volumes.Where(volume => volume.Secret is not null).Select(volume => volume.Secret.SecretName).Order(StringComparer.Ordinal));
            Assert.All(
                Manifests.Containers(set).SelectMany(container => container.EnvFrom ?? []),
                source => Assert.Equal(manifests.Config().Metadata.Name, source.ConfigMapRef.Name));
        });
        Assert.All(manifests.All.OfType<V1PodDisruptionBudget>(), budget => Assert.Single(manifests.Selected(budget.Spec.Selector)));
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task The_seed_is_the_first_coordinator_and_every_variable_is_known(string overlay)
    {
        var manifests = await Manifests.OfOverlay(overlay);
        var coordinator = manifests.StatefulSet("coordinator");
        var arguments = manifests.Arguments(coordinator, coordinator.Spec.Template.Spec.Containers[0]);

        var host = Option(arguments, "--host");
        Assert.Equal("coordinator-0.coordinator.trainer.svc.cluster.local", host);
        Assert.Equal($"akka.tcp://trainer@{host}:{Option(arguments, "--cluster-port")}", manifests.Config().Data["SEED"]);
        Assert.All(manifests.StatefulSets, set =>
        {
            Assert.All(Manifests.Containers(set).SelectMany(container => manifests.Arguments(set, container)), argument => Assert.DoesNotContain("$(", argument, StringComparison.Ordinal));
            var main = set.Spec.Template.Spec.Containers[0];
            Assert.All(main.Ports, port => Assert.Equal($"{port.ContainerPort}", Option(manifests.Arguments(set, main), $"--{(port.Name == "links" ? "link" : port.Name)}-port")));
            Assert.Equal(Option(arguments, "--seed"), Option(manifests.Arguments(set, main), "--seed"));
        });
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Every_command_line_is_one_that_the_cli_takes(string overlay)
    {
        var manifests = await Manifests.OfOverlay(overlay);
        var root = Application.Create(new Shell { Out = TextWriter.Null, Error = TextWriter.Null, Environment = _ => null });

        foreach (var set in manifests.StatefulSets)
        {
            foreach (var container in Manifests.Containers(set))
            {
                var parsed = root.Parse(manifests.Arguments(set, container));
                Assert.True(parsed.Errors.Count == 0, $"{container.Name}: {string.Join("; ", parsed.Errors.Select(error => error.Message))}");
                Assert.NotNull(parsed.CommandResult.Command.Action); // and it ends in a command that does something
            }
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Processes_have_certificates_that_are_mounted_and_a_default_deny_before_them(string overlay)
    {
        var manifests = await Manifests.OfOverlay(overlay);
        var deny = manifests.NetworkPolicies.Single(policy => policy.Metadata.Name == "default-deny");

        Assert.All(manifests.StatefulSets, set =>
        {
            var main = set.Spec.Template.Spec.Containers[0];
            var folder = main.VolumeMounts.Single(mount => mount.Name == "certificates").MountPath;
            var arguments = manifests.Arguments(set, main);
            Assert.Equal(
                [$"{folder}/certificate.pem", $"{folder}/key.pem", $"{folder}/ca.pem"], new[] { "--certificate", "--key", "--ca" }.Select(option => Option(arguments, option)));
            Assert.DoesNotContain("--insecure", main.Args);
            Assert.All([main.StartupProbe, main.ReadinessProbe, main.LivenessProbe], probe => Assert.Equal("HTTPS", probe.HttpGet.Scheme));
            Assert.Equal("https", set.Spec.Template.Metadata.Annotations["prometheus.io/scheme"]);
        });
        Assert.Equal(["Ingress", "Egress"], deny.Spec.PolicyTypes);
        Assert.True(deny.Spec is { Ingress: null, Egress: null });
        Assert.Equal(2, manifests.Selected(deny.Spec.PodSelector).Count());
    }

    /// <summary>Each opening is for ports that the pods on its receiving side listen on, and no listening port lacks one.</summary>
    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Openings_are_for_ports_that_pods_have(string overlay)
    {
        var manifests = await Manifests.OfOverlay(overlay);
        string[] outside = ["dns", "data"];
        foreach (var policy in manifests.NetworkPolicies.Where(policy => !outside.Contains(policy.Metadata.Name)))
        {
            foreach (var rule in policy.Spec.Ingress ?? [])
            {
                AssertListening(policy, manifests.Selected(policy.Spec.PodSelector), rule.Ports);
            }

            foreach (var rule in policy.Spec.Egress ?? [])
            {
                AssertListening(policy, rule.To.SelectMany(peer => manifests.Selected(peer.PodSelector)), rule.Ports);
            }
        }
        Assert.All(manifests.StatefulSets, set => Assert.All(Manifests.Ports(set), port => Assert.Contains(
            manifests.NetworkPolicies.Where(policy => manifests.Selected(policy.Spec.PodSelector).Contains(set)).SelectMany(policy => policy.Spec.Ingress ?? []),
            rule => rule.Ports.Any(open => open.Port.Value == $"{port.ContainerPort}"))));
    }

    [Fact]
    public async Task Gpu_workers_ask_for_one_gpu_and_compute_on_it_and_cpu_workers_for_none()
    {
        var gpus = await Manifests.OfOverlay("gpu");
        var cpus = await Manifests.OfOverlay("cpu-dev");
        var gpu = gpus.StatefulSet("worker").Spec.Template.Spec.Containers[0];
        var cpu = cpus.StatefulSet("worker").Spec.Template.Spec.Containers[0];

        Assert.Equal("cuda", Option(gpus.Arguments(gpus.StatefulSet("worker"), gpu), "--device"));
        Assert.Equal("cpu", Option(cpus.Arguments(cpus.StatefulSet("worker"), cpu), "--device"));
        Assert.Equal("compute,utility", gpu.Env.Single(variable => variable.Name == "NVIDIA_DRIVER_CAPABILITIES").Value);
        Assert.Contains(gpu.VolumeMounts, mount => gpu.Env.Single(variable => variable.Name == "CUDA_CACHE_PATH").Value.StartsWith(mount.MountPath, StringComparison.Ordinal));
        Assert.Equal("1", gpu.Resources.Limits["nvidia.com/gpu"].ToString());
        Assert.Contains("memory", gpu.Resources.Limits.Keys);
        Assert.DoesNotContain("nvidia.com/gpu", cpu.Resources.Limits.Keys);
    }

    [Fact]
    public async Task Dashboards_are_provisioned_by_their_label()
    {
        var manifests = Manifests.Parse(await Programs.RunAsync(Programs.Need("kubectl"), "kustomize", Path.Combine(Repository.Root, "deploy/grafana")));

        Assert.Equal("1", manifests.Config().Metadata.Labels["grafana_dashboard"]);
        Assert.Equal(
            Hosting.Metrics.Dashboard.All.Select(dashboard => (dashboard.File, dashboard.Json())).Order(),
            manifests.Config().Data.Select(file => (file.Key, file.Value)).Order());
    }

    [Fact]
    public async Task Prometheus_looks_for_services_that_are_there()
    {
        var manifests = await Manifests.OfOverlay("cpu-dev");
        var config = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "deploy/prometheus/prometheus.yaml"), CancellationToken.None);

        string[] names = [.. config.Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith("- _", StringComparison.Ordinal))];

        Assert.Equal(
            manifests.StatefulSets.Select(set => $"- _http._tcp.{set.Spec.ServiceName}.{manifests.Config().Data["DOMAIN"]}").Order(StringComparer.Ordinal),
            names.Order(StringComparer.Ordinal));
        Assert.All(manifests.StatefulSets, set => Assert.Contains(Service(manifests, set).Spec.Ports, port => port.Name == "http"));
    }

    [Fact]
    public Task Prometheus_takes_its_configuration() =>
        Programs.RunAsync(Programs.Need("promtool"), "check", "config", Path.Combine(Repository.Root, "deploy/prometheus/prometheus.yaml"));

    private static void AssertListening(V1NetworkPolicy policy, IEnumerable<V1StatefulSet> sets, IEnumerable<V1NetworkPolicyPort> ports) => Assert.All(
        sets,
        set => Assert.All(ports, open => Assert.True(
            Manifests.Ports(set).Any(port => $"{port.ContainerPort}" == open.Port.Value),
            $"network policy {policy.Metadata.Name}: {set.Metadata.Name} does not listen on {open.Port.Value}")));

    private static V1Service Service(Manifests manifests, V1StatefulSet set) => manifests.Services.Single(service => service.Metadata.Name == set.Spec.ServiceName);

    private static string Option(IEnumerable<string> arguments, string name) =>
        arguments.Single(argument => argument.StartsWith($"{name}=", StringComparison.Ordinal))[(name.Length + 1)..];
}
