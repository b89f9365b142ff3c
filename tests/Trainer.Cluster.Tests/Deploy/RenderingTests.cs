using k8s.Models;

namespace Trainer.Cluster.Tests.Deploy;

/// <summary>deploy/k8s: what the chart comes to for its values files, as kubectl apply -k takes it.</summary>
public sealed class RenderingTests
{
    public static TheoryData<string> Renderings => [.. Helm.ValuesFiles];

    [Theory]
    [MemberData(nameof(Renderings))]
    public void What_holds_of_every_cluster_holds(string name) => ManifestRules.AllHold(Manifests.OfRendering(name));

    [Fact]
    public void A_misspelt_field_would_be_found() =>
        Assert.ThrowsAny<Exception>(() => Manifests.Parse("apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  selectr: {}\n"));

    [Fact]
    public async Task The_committed_files_are_what_the_command_makes()
    {
        Programs.Need("helm");
        var folder = Directory.CreateTempSubdirectory("trainer-render").FullName;
        try
        {
            await Programs.RunAsync(Path.Combine(Repository.Root, "deploy/render"), "--to", folder);

            var made = Files(folder);
            var committed = Files(Path.Combine(Repository.Root, "deploy/k8s"));
            Assert.All(made.Union(committed), file => Assert.True(made.Contains(file) && committed.Contains(file), $"{file.Name} is not what deploy/render makes: run it and commit"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(Renderings))]
    [Trait("Category", "Long")]
    public async Task Kubectl_takes_each_folder_and_what_is_built_on_it(string name)
    {
        var kubectl = Programs.Need("kubectl");
        var folder = Directory.CreateTempSubdirectory("trainer-overlay").FullName;
        try
        {
            await File.WriteAllTextAsync(
                Path.Combine(folder, "kustomization.yaml"),
                $"resources: [{Path.GetRelativePath(folder, Manifests.Folder(name))}]\nimages:\n  - {{name: trainer, newName: registry.example.com/trainer, newTag: \"7\"}}\n",
                CancellationToken.None);

            var built = Manifests.Parse(await Programs.RunAsync(kubectl, "kustomize", folder));

            ManifestRules.AllHold(built);
            Assert.Equal(Manifests.OfRendering(name).All.Count, built.All.Count);
            Assert.All(built.Workloads.SelectMany(workload => workload.Containers), container => Assert.Equal("registry.example.com/trainer:7", container.Image));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(Renderings))]
    public void No_pod_needs_the_internet(string name) => Assert.All(Manifests.OfRendering(name).NetworkPolicies, policy => Assert.NotEqual("data", policy.Metadata.Name));

    [Fact]
    public void Gpu_workers_ask_for_one_gpu_and_compute_on_it_and_cpu_workers_for_none()
    {
        var gpu = Assert.Single(Manifests.OfRendering("gpu").Workers);
        var cpu = Assert.Single(Manifests.OfRendering("cpu-dev").Workers);

        Assert.Equal(("cuda", "cpu"), (gpu.Option("--device"), cpu.Option("--device")));
        Assert.Equal(("2", "1"), (gpu.Option("--threads"), cpu.Option("--threads"))); // The CPU requests 2 and 500m.
        Assert.Equal("compute,utility", gpu.Environment(gpu.Main)["NVIDIA_DRIVER_CAPABILITIES"]);
        Assert.Contains(gpu.Main.VolumeMounts, mount => gpu.Environment(gpu.Main)["CUDA_CACHE_PATH"].StartsWith(mount.MountPath, StringComparison.Ordinal));
        Assert.Equal("1", gpu.Main.Resources.Limits["nvidia.com/gpu"].ToString());
        Assert.Contains("memory", gpu.Main.Resources.Limits.Keys);
        Assert.Contains(gpu.Pod.Tolerations, toleration => toleration is { Key: "nvidia.com/gpu", Effect: "NoSchedule" });
        Assert.DoesNotContain("nvidia.com/gpu", cpu.Main.Resources.Limits.Keys);
    }

    [Fact]
    public void Three_coordinators_share_a_database_and_a_bucket_and_nothing_else()
    {
        var ha = Manifests.OfRendering("ha");
        var coordinator = ha.Coordinator;

        Assert.Equal(3, coordinator.Replicas);
        Assert.Empty(ha.Of<V1PersistentVolumeClaim>());
        Assert.Empty(coordinator.ClaimTemplates);
        Assert.Contains("TRAINER_STORE", coordinator.Main.Env.Select(variable => variable.Name));
        Assert.Equal("s3://trainer/jobs", coordinator.Option("--artifacts"));
        Assert.All(ha.Workloads, workload => Assert.Contains("AWS_SECRET_ACCESS_KEY", workload.Main.Env.Select(variable => variable.Name)));
        Assert.Equal([5432], Ports("store"));
        Assert.Equal([443], Ports("bucket"));

        IEnumerable<int> Ports(string policy) => ha.NetworkPolicies.Single(one => one.Metadata.Name == policy).Spec.Egress.SelectMany(rule => rule.Ports).Select(port => int.Parse(port.Port.Value, System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Spot_workers_are_a_group_of_their_own_and_make_room()
    {
        var spot = Assert.Single(Manifests.OfRendering("spot").Workers);

        Assert.Equal("spot", spot.Name);
        Assert.Contains(spot.Pod.Tolerations, toleration => toleration.Key == "cloud.google.com/gke-spot");
        Assert.Equal("trainer-worker", spot.Pod.PriorityClassName);
        Assert.True(Manifests.OfRendering("spot").Of<V1PriorityClass>().Single(item => item.Metadata.Name == spot.Pod.PriorityClassName) is { Value: < 0, PreemptionPolicy: "Never" });
    }

    [Fact]
    public void What_is_insecure_wants_no_secret_and_nothing_else_is()
    {
        Assert.All(Helm.ValuesFiles, name => Assert.All(Manifests.OfRendering(name).Workloads, workload => Assert.Equal(name == "insecure", workload.Main.Args.Contains("--insecure"))));
        Assert.All(Manifests.OfRendering("insecure").Workloads, workload => Assert.DoesNotContain(workload.Pod.Volumes, volume => volume.Secret is not null));
    }

    /// <summary>Who begins with a cluster of release 0.4 applies the same objects: what the API server refuses to change has not changed.</summary>
    [Theory]
    [InlineData("base")]
    [InlineData("cpu-dev")]
    [InlineData("gpu")]
    public void Coordinators_and_volumes_of_before_are_taken_over(string name)
    {
        var manifests = Manifests.OfRendering(name);
        var set = Assert.Single(manifests.Of<V1StatefulSet>());
        var store = Assert.Single(set.Spec.VolumeClaimTemplates);

        Assert.Equal(new Dictionary<string, string> { ["app.kubernetes.io/name"] = "coordinator" }, set.Spec.Selector.MatchLabels);
        Assert.Equal(("store", "1Gi"), (store.Metadata.Name, store.Spec.Resources.Requests["storage"].ToString()));
        Assert.Equal(["artifacts", "data"], manifests.Of<V1PersistentVolumeClaim>().Select(claim => claim.Metadata.Name).Order(StringComparer.Ordinal));
        Assert.All(manifests.Of<V1PersistentVolumeClaim>(), claim => Assert.Equal([name == "cpu-dev" ? "ReadWriteOnce" : "ReadWriteMany"], claim.Spec.AccessModes));
        Assert.Equal(
            ["trainer-coordinator", "trainer-node", "trainer-token"],
            manifests.Workloads.SelectMany(workload => workload.Pod.Volumes).Select(volume => volume.Secret?.SecretName).OfType<string>().Order(StringComparer.Ordinal));
    }

    private static IReadOnlyList<(string Name, string Text)> Files(string folder) =>
        [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(file => (Path.GetRelativePath(folder, file), File.ReadAllText(file)))];
}
