using System.Collections.Concurrent;
using k8s;
using k8s.Models;

namespace Trainer.Cluster.Tests.Deploy;

/// <summary>Objects of a cluster, read as strictly as the API server reads them.</summary>
internal sealed class Manifests
{
    private static readonly ConcurrentDictionary<string, Manifests> Read = new(StringComparer.Ordinal);

    /// <summary>Kinds that operators bring.</summary>
    private static readonly IDictionary<string, Type> Custom = new[]
    {
        "cert-manager.io/v1/Certificate", "cert-manager.io/v1/Issuer", "monitoring.coreos.com/v1/PodMonitor", "monitoring.coreos.com/v1/PrometheusRule", "keda.sh/v1alpha1/ScaledObject",
    }.ToDictionary(kind => kind, _ => typeof(CustomObject), StringComparer.Ordinal);

    private Manifests(IReadOnlyList<object> all)
    {
        All = all;
        Workloads = [.. Of<V1StatefulSet>().Select(set => new Workload(set)), .. Of<V1Deployment>().Select(deployment => new Workload(deployment))];
    }

    public IReadOnlyList<object> All { get; }

    public IEnumerable<IKubernetesObject<V1ObjectMeta>> Objects => All.Cast<IKubernetesObject<V1ObjectMeta>>();

    public IReadOnlyList<Workload> Workloads { get; }

    public IReadOnlyList<Workload> Workers => [.. Workloads.Where(workload => workload.IsWorker)];

    public Workload Coordinator => Workloads.Single(workload => !workload.IsWorker);

    public IEnumerable<V1NetworkPolicy> NetworkPolicies => Of<V1NetworkPolicy>();

    /// <summary>What is committed: base, or an overlay's name.</summary>
    public static Manifests OfRendering(string name) => Read.GetOrAdd(name, one => Parse(File.ReadAllText(Path.Combine(Folder(one), "trainer.yaml"))));

    public static string Folder(string rendering) => Path.Combine(Repository.Root, "deploy/k8s", rendering == "base" ? "base" : $"overlays/{rendering}");

    public static Manifests Parse(string yaml) => new(KubernetesYaml.LoadAllFromString(yaml, Custom, strict: true));

    public IEnumerable<T> Of<T>() => All.OfType<T>();

    public IEnumerable<CustomObject> OfKind(string kind) => Of<CustomObject>().Where(item => item.Kind == kind);

    public IEnumerable<Workload> Selected(V1LabelSelector selector) => Workloads.Where(workload => Selects(selector, workload.Template.Metadata.Labels));

    public static bool Selects(V1LabelSelector selector, IDictionary<string, string> labels) =>
        (selector.MatchLabels ?? new Dictionary<string, string>()).All(label => labels.TryGetValue(label.Key, out var value) && value == label.Value)
        && (selector.MatchExpressions ?? []).All(rule => rule.OperatorProperty == "In" && labels.TryGetValue(rule.Key, out var value) && rule.Values.Contains(value));
}

/// <summary>An object of a kind that an operator brings.</summary>
internal sealed class CustomObject : IKubernetesObject<V1ObjectMeta>
{
    public string ApiVersion { get; set; } = "";

    public string Kind { get; set; } = "";

    public V1ObjectMeta Metadata { get; set; } = new();

    public Dictionary<string, object> Spec { get; set; } = [];

    /// <summary>What stands at a path of keys and numbers of items.</summary>
    public object At(params ReadOnlySpan<string> path)
    {
        object found = Spec;
        foreach (var step in path)
        {
            found = found switch
            {
                IDictionary<string, object> map => map[step],
                IDictionary<object, object> map => map[step],
                IList<object> list => list[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)],
                _ => throw new KeyNotFoundException($"{Kind} {Metadata.Name}: there is nothing at {step} of {string.Join('.', path)}"),
            };
        }

        return found;
    }

    public IReadOnlyList<string> Strings(params ReadOnlySpan<string> path) => [.. ((IEnumerable<object>)At(path)).Select(item => $"{item}")];
}
