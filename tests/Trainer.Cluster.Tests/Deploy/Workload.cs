using System.Globalization;
using k8s.Models;

namespace Trainer.Cluster.Tests.Deploy;

/// <summary>A StatefulSet or a Deployment, by what both have.</summary>
internal sealed class Workload(string name, V1LabelSelector selector, V1PodTemplateSpec template, int? replicas, IReadOnlyList<string> claimTemplates)
{
    public const string PodIp = "10.244.3.7";

    /// <summary>Variables that secrets hold, as the containers are to find them.</summary>
    private static readonly Dictionary<string, string> Secrets = new(StringComparer.Ordinal)
    {
        ["TRAINER_STORE"] = "postgres://trainer:secret@db.example.com/trainer",
        ["AWS_ACCESS_KEY_ID"] = "id",
        ["AWS_SECRET_ACCESS_KEY"] = "key",
    };

    public Workload(V1StatefulSet set)
        : this(set.Metadata.Name, set.Spec.Selector, set.Spec.Template, set.Spec.Replicas, [.. (set.Spec.VolumeClaimTemplates ?? []).Select(claim => claim.Metadata.Name)])
    {
    }

    public Workload(V1Deployment deployment)
        : this(deployment.Metadata.Name, deployment.Spec.Selector, deployment.Spec.Template, deployment.Spec.Replicas, [])
    {
    }

    public string Name => name;

    public V1LabelSelector Selector => selector;

    public V1PodTemplateSpec Template => template;

    public int? Replicas => replicas;

    public IReadOnlyList<string> ClaimTemplates => claimTemplates;

    public bool IsWorker => Template.Metadata.Labels["app.kubernetes.io/name"] == "worker";

    public V1PodSpec Pod => Template.Spec;

    public V1Container Main => Pod.Containers[0];

    public IReadOnlyList<V1Container> Containers => [.. Pod.InitContainers ?? [], .. Pod.Containers];

    public IEnumerable<V1ContainerPort> Ports => Pod.Containers.SelectMany(container => container.Ports);

    /// <summary>The main container's arguments.</summary>
    public IReadOnlyList<string> Arguments => ArgumentsOf(Main);

    public string? Option(string name) => Arguments.SingleOrDefault(argument => argument.StartsWith($"{name}=", StringComparison.Ordinal))?[(name.Length + 1)..];

    public IEnumerable<string> Options(string name) => Arguments.Where(argument => argument.StartsWith($"{name}=", StringComparison.Ordinal)).Select(argument => argument[(name.Length + 1)..]);

    /// <summary>A container's arguments with $(NAME) replaced as the kubelet does it.</summary>
    /// <param name="pod">Null: in the first one.</param>
    public IReadOnlyList<string> ArgumentsOf(V1Container container, PodFields? pod = null)
    {
        var environment = Environment(container, pod);
        return [.. container.Args.Select(argument => environment.Aggregate(argument, (text, variable) => text.Replace($"$({variable.Key})", variable.Value, StringComparison.Ordinal)))];
    }

    public IReadOnlyDictionary<string, string> Environment(V1Container container, PodFields? pod = null) =>
        (container.Env ?? []).ToDictionary(variable => variable.Name, variable => variable.Value ?? From(variable, container, pod ?? First), StringComparer.Ordinal);

    public override string ToString() => Name;

    private PodFields First => new(IsWorker ? $"{Name}-6d8f7c9b5d-x2x7p" : $"{Name}-0", PodIp);

    private static string From(V1EnvVar variable, V1Container container, PodFields pod) => variable.ValueFrom switch
    {
        { FieldRef.FieldPath: "metadata.name" } => pod.Name,
        { FieldRef.FieldPath: "status.podIP" } => pod.Ip,
        { ResourceFieldRef: { Resource: "requests.cpu" } of } when of.ContainerName == container.Name && $"{of.Divisor}" == "1" =>
            Math.Ceiling((decimal)container.Resources.Requests["cpu"]).ToString(CultureInfo.InvariantCulture),
        { SecretKeyRef: not null } => Secrets[variable.Name],
        _ => throw new InvalidOperationException($"{container.Name}: nothing is known of where {variable.Name} comes from"),
    };
}

/// <summary>What a pod's variables are made of.</summary>
internal sealed record PodFields(string Name, string Ip);
