using Trainer.Protos;
using static Trainer.Protos.JobState;

namespace Trainer.Hosting.Metrics;

/// <summary>The changes of jobs' states that there are, so that each is counted from 0: Prometheus sees no increase in a counter that appears with 1.</summary>
/// <remarks>One that is missing here is counted all the same.</remarks>
public static class KnownTransitions
{
    /// <summary>By (to, reason), as the metric's labels have them.</summary>
    public static IReadOnlyList<(string To, string Reason)> All { get; } =
    [
        .. Of(Queued, "Submitted", "Resumed", "Preempted", "WorkersGivenBack", "WorkersGone"),
        .. Of(Starting, "WorkersGranted", "Resumed", "StateLost"),
        .. Of(Running, "Started", "MembersChanged", "SharesChanged", "Recovered", "WorkerLost", "Corruption", "NoCheckpoint", "NotSuspended", "Resumed", "WorkersAdopted"),
        .. Of(Recovering, "WorkerLost", "Adopted", "StateLost"),
        .. Of(Suspending, "SuspendRequested"),
        .. Of(Suspended, "Suspended"),
        .. Of(Cancelling, "CancelRequested"),
        .. Of(Cancelled, "Cancelled"),
        .. Of(Succeeded, "Completed", "StoppedEarly", "Verified"),
        .. Of(Failed, "CheckpointUnreadable", "Corruption", "Diverged", "InvalidData", "MaxDuration", "OtherData", "OtherHash", "RecordLost", "WorkersDie", "WorkersFailed"),
    ];

    private static IEnumerable<(string To, string Reason)> Of(JobState state, params string[] reasons) => reasons.Select(reason => (ControlMetrics.StateLabel(state), reason));
}
