using Trainer.Coordinator.Api;
using Trainer.Coordinator.Mlflow;
using Trainer.Coordinator.Scheduling;
using Trainer.Coordinator.Store;
using Trainer.Coordinator.Webhooks;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Cluster;
using Trainer.Hosting.Files;
using Trainer.Hosting.Limits;
using Trainer.Hosting.Logging;
using Trainer.Hosting.Run;
using Trainer.Hosting.Traces;

namespace Trainer.Coordinator;

/// <summary>Everything a coordinator process is told; filled by the command line, the only composition root.</summary>
public sealed record CoordinatorOptions
{
    public string Name { get; init; } = "coordinator";

    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Ports; 0 takes any free one.</summary>
    public int ClusterPort { get; init; }

    public int GrpcPort { get; init; }

    public int HttpPort { get; init; }

    /// <summary>Addresses of all coordinators (see <see cref="SeedAddress"/>) in the same order everywhere; empty: this is the only one.</summary>
    public IReadOnlyList<string> Seeds { get; init; } = [];

    public required StoreAddress Store { get; init; }

    /// <summary>Where jobs' files go: a folder that coordinators and workers see under one path, or a bucket (see <see cref="ArtifactLocation"/>).</summary>
    public required string Artifacts { get; init; }

    /// <summary>Whose files stay once jobs have ended.</summary>
    public RetentionPolicy Retention { get; init; } = new();

    /// <summary>How many workers users' jobs may have; the same for all coordinators of a cluster.</summary>
    public Quotas Quotas { get; init; } = Quotas.None;

    /// <summary>Who is told of changes of jobs' states; the same for all coordinators of a cluster.</summary>
    public WebhookTarget? Webhook { get; init; }

    /// <summary>Where jobs are logged as runs; the same for all coordinators of a cluster.</summary>
    public MlflowTarget? Mlflow { get; init; }

    /// <summary>How buckets are reached.</summary>
    public S3Access Buckets { get; init; } = new();

    /// <summary>Which files jobs may name.</summary>
    public FileRoots Files { get; init; } = FileRoots.Everything;

    /// <summary>How much the process takes from others.</summary>
    public ProcessLimits Limits { get; init; } = ProcessLimits.Usual;

    /// <summary>Where a local cluster's processes find each other; null where addresses are given (Kubernetes).</summary>
    public RunFolder? Run { get; init; }

    /// <summary>An admin's token, for whoever starts the cluster; null only with <see cref="Insecure"/>.</summary>
    public string? Token { get; init; }

    /// <summary>Whoever reaches the port may read <c>/metrics</c>; else that needs a viewer's token.</summary>
    public bool MetricsOpen { get; init; }

    /// <summary>Names that anybody could have registered, by which it answers over HTTP in clear; *.example.com: all below that.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Where a job's trace is shown, with <see cref="TraceIds.Place"/> in it; null: nowhere that it knows of.</summary>
    public string? TraceLink { get; init; }

    /// <summary>What it shows to members and clients, and whom it trusts; null: its run folder's, for members alone.</summary>
    public CertificateFiles? Certificates { get; init; }

    /// <summary>Lets a process without certificates, or without a token, run.</summary>
    public bool Insecure { get; init; }

    /// <summary>The program, and its first arguments, that looks into jobs (<see cref="InspectionProcess"/>); empty: none does.</summary>
    public IReadOnlyList<string> Inspection { get; init; } = [];

    public LogOptions Log { get; init; } = new();

    /// <summary>Where spans go; null: nowhere.</summary>
    public OtlpTarget? Otlp { get; init; }
}
