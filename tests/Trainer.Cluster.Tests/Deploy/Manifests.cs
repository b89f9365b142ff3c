using System.Collections.Concurrent;
using k8s;
using k8s.Models;

namespace Trainer.Cluster.Tests.Deploy;

/// <summary>What kubectl would send to a cluster for an overlay, read as strictly as the API server reads it.</summary>
internal sealed class Manifests
{
    private static readonly ConcurrentDictionary<string, Task<Manifests>> Rendered = new(StringComparer.Ordinal);

    private Manifests(IReadOnlyList<object> all) => All = all;

    public IReadOnlyList<object> All { get; }

    public IEnumerable<V1StatefulSet> StatefulSets => All.OfType<V1StatefulSet>();

    public IEnumerable<V1Service> Services => All.OfType<V1Service>();

    public IEnumerable<V1NetworkPolicy> NetworkPolicies => All.OfType<V1NetworkPolicy>();

    public static Task<Manifests> OfOverlay(string name)
    {
        var kubectl = Programs.Need("kubectl");
        return Rendered.GetOrAdd(name, overlay => RenderAsync(kubectl, Path.Combine(Repository.Root, "deploy/k8s/overlays", overlay)));
    }

    public static Manifests Parse(string yaml) => new(KubernetesYaml.LoadAllFromString(yaml, strict: true));

    public V1StatefulSet StatefulSet(string name) => StatefulSets.Single(set => set.Metadata.Name == name);

    public V1ConfigMap Config() => All.OfType<V1ConfigMap>().Single();

    /// <summary>The stateful sets whose pods a selector chooses.</summary>
    public IEnumerable<V1StatefulSet> Selected(V1LabelSelector selector) => StatefulSets.Where(set => Selects(selector, set.Spec.Template.Metadata.Labels));

    public static IEnumerable<V1Container> Containers(V1StatefulSet set) => [.. set.Spec.Template.Spec.InitContainers ?? [], .. set.Spec.Template.Spec.Containers];

    public static IEnumerable<V1ContainerPort> Ports(V1StatefulSet set) => set.Spec.Template.Spec.Containers.SelectMany(container => container.Ports);

    /// <summary>A container's arguments with $(NAME) replaced as the kubelet does it, by the environment of pod number 0.</summary>
    public IReadOnlyList<string> Arguments(V1StatefulSet set, V1Container container)
    {
        var environment = new Dictionary<string, string>(Config().Data, StringComparer.Ordinal) { ["POD_NAME"] = $"{set.Metadata.Name}-0" };
        return [.. container.Args.Select(argument => environment.Aggregate(argument, (text, variable) => text.Replace($"$({variable.Key})", variable.Value, StringComparison.Ordinal)))];
    }

    private static bool Selects(V1LabelSelector selector, IDictionary<string, string> labels) =>
        (selector.MatchLabels ?? new Dictionary<string, string>()).All(label => labels.TryGetValue(label.Key, out var value) && value == label.Value)
        && (selector.MatchExpressions ?? []).All(rule => rule.OperatorProperty == "In" && labels.TryGetValue(rule.Key, out var value) && rule.Values.Contains(value));

    private static async Task<Manifests> RenderAsync(string kubectl, string folder) => Parse(await Programs.RunAsync(kubectl, "kustomize", folder));
}
