using System.Collections.Immutable;

namespace Trainer.Coordinator.Mlflow;

/// <summary>A value of a metric at a step.</summary>
/// <param name="Timestamp">Milliseconds since 1970.</param>
internal readonly record struct MlflowMetric(string Key, double Value, long Timestamp, long Step);

/// <summary>A run as the tracking server has it.</summary>
/// <param name="LastSteps">Of each metric that it has, the step that was logged last.</param>
/// <param name="IsDeleted">Somebody there has deleted it: it takes nothing more.</param>
internal sealed record MlflowRun(string Id, ImmutableDictionary<string, long> LastSteps, bool IsDeleted);
