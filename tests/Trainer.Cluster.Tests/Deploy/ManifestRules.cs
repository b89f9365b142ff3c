using System.Globalization;
using k8s.Models;
using Trainer.Cli;
using Trainer.Cli.Output;

namespace Trainer.Cluster.Tests.Deploy;

/// <summary>What holds of the chart's objects whatever its values are: what a cluster would refuse, and what it would take and then not work.</summary>
internal static class ManifestRules
{
    private static readonly string[] ClusterWide = ["Namespace", "PriorityClass"];

    /// <summary>Network policies that open the way to what is no pod of Trainer's.</summary>
    private static readonly string[] Outside = ["dns", "store", "bucket", "data", "extra"];

    public static void AllHold(Manifests manifests)
    {
        EverythingIsInTheNamespaceAndNamedOnce(manifests);
        ServicesReachPortsOfPods(manifests);
        EveryProcessIsProbedOnItsHttpPort(manifests);
        PodsAreRestricted(manifests);
        WhatPodsReferToIsThere(manifests);
        CommandLinesAreOnesThatTheCliTakes(manifests);
        ProcessesFindEachOther(manifests);
        ProcessesShowCertificatesUnlessTheyAreInsecure(manifests);
        PoliciesDenyAndOpenPortsThatPodsHave(manifests);
        WorkersAreReplacedAndDrained(manifests);
    }

    public static void EverythingIsInTheNamespaceAndNamedOnce(Manifests manifests)
    {
        Assert.All(manifests.Objects, item => Assert.Equal(ClusterWide.Contains(item.Kind) ? null : "trainer", item.Metadata.NamespaceProperty));
        Assert.All(manifests.Objects, item => Assert.Equal("trainer", item.Metadata.Labels["app.kubernetes.io/part-of"]));
        Assert.Equal(manifests.All.Count, manifests.Objects.Select(item => (item.ApiVersion, item.Kind, item.Metadata.Name)).Distinct().Count());
    }

    public static void ServicesReachPortsOfPods(Manifests manifests)
    {
        Assert.Equal(["coordinator", "trainer", "worker"], manifests.Of<V1Service>().Select(service => service.Metadata.Name).Order(StringComparer.Ordinal));
        Assert.All(manifests.Of<V1Service>(), service => Assert.All(manifests.Selected(new V1LabelSelector { MatchLabels = service.Spec.Selector }), workload =>
            Assert.All(service.Spec.Ports, port => Assert.Contains(workload.Ports, own => own.Name == port.TargetPort.Value && own.ContainerPort == port.Port))));
        Assert.All(manifests.Of<V1Service>().Where(service => service.Metadata.Name != "trainer"), headless =>
        {
            Assert.Equal("None", headless.Spec.ClusterIP);
            Assert.True(headless.Spec.PublishNotReadyAddresses);
        });
        var set = Assert.Single(manifests.Of<V1StatefulSet>());
        Assert.Equal(("coordinator", "Parallel"), (set.Spec.ServiceName, set.Spec.PodManagementPolicy));
        Assert.All(manifests.Workloads, workload => Assert.Equal(workload, Assert.Single(manifests.Selected(workload.Selector))));
        Assert.All(manifests.Of<V1PodDisruptionBudget>(), budget =>
        {
            Assert.Equal(budget.Metadata.Name, Assert.Single(manifests.Selected(budget.Spec.Selector)).Name);
            Assert.Equal(("1", null, "AlwaysAllow"), (budget.Spec.MaxUnavailable.Value, budget.Spec.MinAvailable, budget.Spec.UnhealthyPodEvictionPolicy)); // Else a drain of a node with the only pod never ends.
        });
        Assert.All(manifests.Workloads, workload => Assert.All(workload.Pod.TopologySpreadConstraints, spread => Assert.Equal(workload, Assert.Single(manifests.Selected(spread.LabelSelector)))));
    }

    public static void EveryProcessIsProbedOnItsHttpPort(Manifests manifests) => Assert.All(manifests.Workloads, workload =>
    {
        V1Probe[] probes = [workload.Main.StartupProbe, workload.Main.ReadinessProbe, workload.Main.LivenessProbe];
        Assert.Equal(["/healthz", "/readyz", "/healthz"], probes.Select(probe => probe.HttpGet.Path));
        Assert.All(probes, probe => Assert.True(probe.TimeoutSeconds > 1, "a handshake may take a second where all cores compute"));
        Assert.All(probes, probe => Assert.Contains(workload.Main.Ports, port => port.Name == probe.HttpGet.Port.Value));
        var annotations = workload.Template.Metadata.Annotations;
        Assert.Equal(("true", "/metrics"), (annotations["prometheus.io/scrape"], annotations["prometheus.io/path"]));
        Assert.Contains(workload.Ports, port => port.Name == "http" && $"{port.ContainerPort}" == annotations["prometheus.io/port"]);
        Assert.All(probes, probe => Assert.Equal(annotations["prometheus.io/scheme"], probe.HttpGet.Scheme.ToLowerInvariant()));
    });

    /// <summary>The "restricted" standard, control by control (kubernetes.io, Pod Security Standards), a read-only root, and no token of Kubernetes.</summary>
    public static void PodsAreRestricted(Manifests manifests)
    {
        Assert.All(manifests.Workloads.Select(workload => workload.Pod).Concat(manifests.Of<V1Pod>().Select(pod => pod.Spec)), pod =>
        {
            Assert.True(pod is { HostNetwork: null, HostPID: null, HostIPC: null, HostUsers: null, EphemeralContainers: null, AutomountServiceAccountToken: false });
            Assert.True(pod.SecurityContext is { RunAsNonRoot: true, SeccompProfile.Type: "RuntimeDefault", Sysctls: null, SeLinuxOptions: null, WindowsOptions: null, AppArmorProfile: null });
            Assert.NotEqual(0, pod.SecurityContext.RunAsUser);
            Assert.All(pod.Volumes, volume => Assert.True(volume is { Secret: not null } or { EmptyDir: not null } or { PersistentVolumeClaim: not null }));
            Assert.All([.. pod.InitContainers ?? [], .. pod.Containers], container =>
            {
                Assert.True(container.SecurityContext is
                {
                    AllowPrivilegeEscalation: false, ReadOnlyRootFilesystem: true, Privileged: null, ProcMount: null, RunAsUser: null, RunAsNonRoot: null, SeccompProfile: null, SeLinuxOptions: null,
                });
                Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
                Assert.Null(container.SecurityContext.Capabilities.Add);
                Assert.All(container.Ports ?? [], port => Assert.Null(port.HostPort));
                Assert.True(container.Lifecycle is null && container.Command is null);
                Assert.Contains("memory", container.Resources.Limits.Keys);
                Assert.Contains(container.VolumeMounts, mount => mount.MountPath == "/tmp");
            });
            Assert.Contains(manifests.Of<V1ServiceAccount>(), account => account.Metadata.Name == pod.ServiceAccountName && account.AutomountServiceAccountToken == false);
        });
    }

    public static void WhatPodsReferToIsThere(Manifests manifests)
    {
        string[] classes = [.. manifests.Of<V1PriorityClass>().Select(item => item.Metadata.Name)];
        Assert.All(manifests.Workloads, workload =>
        {
            string[] volumes = [.. workload.Pod.Volumes.Select(volume => volume.Name), .. workload.ClaimTemplates];
            var mounts = workload.Containers.SelectMany(container => container.VolumeMounts).ToList();
            Assert.All(mounts, mount => Assert.Contains(mount.Name, volumes));
            Assert.All(mounts, mount => Assert.Null(mount.SubPath)); // A file of a sub-path never changes.
            Assert.All(volumes, volume => Assert.Contains(mounts, mount => mount.Name == volume));
            Assert.True(classes.Length == 0 || classes.Contains(workload.Pod.PriorityClassName));
            Assert.All(workload.Containers, container => Assert.All(Folders(workload.ArgumentsOf(container)), folder =>
                Assert.Contains(container.VolumeMounts, mount => folder == mount.MountPath || folder.StartsWith($"{mount.MountPath}/", StringComparison.Ordinal))));
        });
        Assert.All(manifests.Of<V1PersistentVolumeClaim>(), claim =>
            Assert.Contains(manifests.Workloads.SelectMany(workload => workload.Pod.Volumes), volume => volume.PersistentVolumeClaim?.ClaimName == claim.Metadata.Name));
    }

    public static void CommandLinesAreOnesThatTheCliTakes(Manifests manifests)
    {
        foreach (var workload in manifests.Workloads)
        {
            Assert.All(workload.Containers, container => AssertTaken(container.Name, workload.ArgumentsOf(container), workload.Environment(container)));
        }

        Assert.All(manifests.Of<V1Pod>().SelectMany(pod => pod.Spec.Containers), container =>
            AssertTaken(container.Name, [.. container.Args], container.Env.ToDictionary(variable => variable.Name, variable => variable.Value, StringComparer.Ordinal)));
    }

    public static void ProcessesFindEachOther(Manifests manifests)
    {
        var coordinator = manifests.Coordinator;
        const string domain = "coordinator.trainer.svc.cluster.local";
        Assert.Equal($"coordinator-0.{domain}", coordinator.Option("--host"));
        Assert.Equal("coordinator-0", coordinator.Option("--name"));
        string[] seeds = [.. Enumerable.Range(0, coordinator.Replicas!.Value).Select(i => $"coordinator-{i}.{domain}:4053")];
        Assert.All(manifests.Workloads, workload =>
        {
            Assert.Equal(seeds, workload.Options("--seed"));
            Assert.All(workload.Main.Ports, port => Assert.Equal($"{port.ContainerPort}", workload.Option($"--{(port.Name == "links" ? "link" : port.Name)}-port")));
        });
        Assert.All(manifests.Workers, worker => Assert.Equal((Workload.PodIp, $"{worker.Name}-6d8f7c9b5d-x2x7p"), (worker.Option("--host"), worker.Option("--name"))));
        Assert.True(seeds.Length == 1 || coordinator.Option("--store") is null, "several coordinators have a SQLite file each");
    }

    public static void ProcessesShowCertificatesUnlessTheyAreInsecure(Manifests manifests) => Assert.All(manifests.Workloads, workload =>
    {
        if (workload.Main.Args.Contains("--insecure"))
        {
            Assert.DoesNotContain(workload.Pod.Volumes, volume => volume.Name == "certificates");
            Assert.Equal("http", workload.Template.Metadata.Annotations["prometheus.io/scheme"]);
            return;
        }

        var mount = workload.Main.VolumeMounts.Single(mount => mount.Name == "certificates");
        var files = workload.Pod.Volumes.Single(volume => volume.Name == "certificates").Secret.Items.Select(item => $"{mount.MountPath}/{item.Path}");
        Assert.Equal(files, new[] { "--certificate", "--key", "--ca" }.Select(option => workload.Option(option)!));
        Assert.Equal("https", workload.Template.Metadata.Annotations["prometheus.io/scheme"]);
        Assert.True(workload.IsWorker || workload.Option("--token-file") is not null, "the job API takes no token");
        Assert.All(workload.Pod.Volumes.Where(volume => volume.Secret is not null), volume => Assert.Equal(Convert.ToInt32("0440", 8), volume.Secret.DefaultMode));
    });

    /// <summary>Each opening is for ports that the pods on its receiving side listen on, no listening port lacks one, and nothing but what is named leads out of the cluster.</summary>
    public static void PoliciesDenyAndOpenPortsThatPodsHave(Manifests manifests)
    {
        if (!manifests.NetworkPolicies.Any())
        {
            return;
        }

        var deny = manifests.NetworkPolicies.Single(policy => policy.Metadata.Name == "default-deny");
        Assert.Equal(["Ingress", "Egress"], deny.Spec.PolicyTypes);
        Assert.True(deny.Spec is { Ingress: null, Egress: null, PodSelector: { MatchLabels: null, MatchExpressions: null } });
        foreach (var policy in manifests.NetworkPolicies.Where(policy => !Outside.Contains(policy.Metadata.Name)))
        {
            Assert.All(policy.Spec.Ingress ?? [], rule => AssertListening(policy, manifests.Selected(policy.Spec.PodSelector), rule.Ports));
            Assert.All(policy.Spec.Egress ?? [], rule => AssertListening(policy, rule.To.SelectMany(peer => manifests.Selected(peer.PodSelector)), rule.Ports));
            Assert.All(policy.Spec.Egress ?? [], rule => Assert.All(rule.To, peer => Assert.Null(peer.IpBlock)));
        }

        Assert.All(manifests.Workloads, workload => Assert.All(workload.Ports, port => Assert.Contains(
            manifests.NetworkPolicies.Where(policy => manifests.Selected(policy.Spec.PodSelector).Contains(workload)).SelectMany(policy => policy.Spec.Ingress ?? []),
            rule => rule.Ports.Any(open => open.Port.Value == $"{port.ContainerPort}"))));
    }

    public static void WorkersAreReplacedAndDrained(Manifests manifests)
    {
        Assert.All(manifests.Of<V1Deployment>(), deployment =>
        {
            var worker = new Workload(deployment);
            var rolling = deployment.Spec.Strategy.RollingUpdate;
            var gpus = worker.Main.Resources.Limits.ContainsKey("nvidia.com/gpu");
            Assert.True((rolling.MaxSurge.Value == "0") != (rolling.MaxUnavailable.Value == "0"), "one of the two lets a roll go on");
            Assert.True(!gpus || rolling.MaxSurge.Value == "0", "there is no GPU to spare");
            Assert.All(["not-ready", "unreachable"], what => Assert.Contains(
                worker.Pod.Tolerations, toleration => toleration is { Effect: "NoExecute", TolerationSeconds: 30 } && toleration.Key == $"node.kubernetes.io/{what}"));
            Assert.True(worker.Pod.TerminationGracePeriodSeconds >= 75 || worker.Pod.TerminationGracePeriodSeconds is null);
            var room = (decimal)worker.Pod.Volumes.Single(volume => volume.Name == "cache").EmptyDir.SizeLimit;
            var kept = worker.Options("--limit").Where(limit => limit.StartsWith("data-cache-bytes=", StringComparison.Ordinal)).Select(limit => decimal.Parse(limit["data-cache-bytes=".Length..], CultureInfo.InvariantCulture));
            Assert.True(kept.First() < room);
            Assert.NotEqual("0", worker.Option("--threads")); // All of the node's.
        });
        Assert.All(manifests.Workloads, workload => Assert.Equal("json", workload.Option("--log-format")));
    }

    private static void AssertTaken(string name, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        Assert.All(arguments, argument => Assert.DoesNotContain("$(", argument, StringComparison.Ordinal));
        var parsed = Application.Create(new Shell { Out = TextWriter.Null, Error = TextWriter.Null, Environment = environment.GetValueOrDefault }).Parse([.. arguments]);
        Assert.True(parsed.Errors.Count == 0, $"{name}: {string.Join("; ", parsed.Errors.Select(error => error.Message))}");
        Assert.NotNull(parsed.CommandResult.Command.Action); // And it ends in a command that does something.
    }

    private static void AssertListening(V1NetworkPolicy policy, IEnumerable<Workload> workloads, IEnumerable<V1NetworkPolicyPort> ports) => Assert.All(
        workloads,
        workload => Assert.All(ports, open => Assert.True(
            workload.Ports.Any(port => $"{port.ContainerPort}" == open.Port.Value), $"network policy {policy.Metadata.Name}: {workload.Name} does not listen on {open.Port.Value}")));

    private static IEnumerable<string> Folders(IEnumerable<string> arguments) =>
        arguments.Select(argument => argument.Split('=', 2)).Where(parts => parts.Length == 2 && parts[1].StartsWith('/')).Select(parts => parts[1]);
}
