using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Store;

/// <summary>A step of a job's curve.</summary>
public sealed record JobCurvePoint(string Job, CurvePoint Point);
