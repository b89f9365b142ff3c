using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>The order of generations, and what reports say beside them.</summary>
internal static class Generations
{
    public static int Compare(Generation? left, Generation right)
    {
        var (term, number) = (left?.Term ?? 0, left?.Number ?? 0);
        return term != right.Term ? term.CompareTo(right.Term) : number.CompareTo(right.Number);
    }

    /// <summary>TERM.NUMBER</summary>
    public static string Text(this Generation generation) => $"{generation.Term}.{generation.Number}";

    /// <summary>The highest item that the reporter knows to be committed, where it says so.</summary>
    public static ulong CommittedIn(WorkerReport report) => report.ReportCase switch
    {
        WorkerReport.ReportOneofCase.Alive => report.Alive.Committed,
        WorkerReport.ReportOneofCase.Fenced => report.Fenced.Committed,
        WorkerReport.ReportOneofCase.Standby => report.Standby.Committed,
        WorkerReport.ReportOneofCase.Held => report.Held.State.Item,
        WorkerReport.ReportOneofCase.Finished => report.Finished.State.Item,
        _ => 0,
    };

    /// <summary>a, b and c</summary>
    public static string Names(IEnumerable<string> names) => names.ToList() switch
    {
        [] => "nobody",
        [var one] => one,
        [.. var most, var last] => $"{string.Join(", ", most)} and {last}",
    };
}
