using System.Globalization;
using System.Text;

namespace Trainer.Cluster.Tests.Chaos;

/// <summary>Sums of many runs, as text.</summary>
internal static class ChaosTable
{
    public static string Of(IReadOnlyList<ChaosReport> runs, double undisturbedSamplesPerSecond)
    {
        var text = new StringBuilder();
        text.AppendLine(Row("fault", "struck", "followed by a commit", "median s", "p99 s", "worst s"));
        text.AppendLine(Row("---", "---", "---", "---", "---", "---"));
        foreach (var kind in runs.SelectMany(run => run.Faults).GroupBy(fault => fault.LeftNobody ? $"{fault.Fault.Name}, of the last who held the state" : fault.Fault.Name).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            text.AppendLine(RowOf(kind.Key, [.. kind]));
        }

        text.AppendLine(RowOf("all", [.. runs.SelectMany(run => run.Faults)]));
        var seconds = runs.Sum(run => run.Seconds);
        var rate = runs.Sum(run => (double)run.Samples) / Math.Max(seconds, 1e-9);
        text.AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"runs {runs.Count}, failed {runs.Count(run => run.Problems.Count > 0)}, wrong hashes {runs.Count(run => run.IsWrongHash)}, samples wrong {runs.Sum(run => run.SamplesWrong)}");
        text.AppendLine(CultureInfo.InvariantCulture, $"steps redone {runs.Sum(run => (long)run.Redone)}, rolled back {runs.Sum(run => (long)run.RolledBack)} in {runs.Count(run => run.RolledBack > 0)} runs");
        text.Append(CultureInfo.InvariantCulture, $"goodput {rate:0} samples/s, {100 * rate / undisturbedSamplesPerSecond:0} % of the undisturbed job's");
        return text.ToString();
    }

    private static string RowOf(string name, IReadOnlyList<StruckFault> faults)
    {
        var seconds = faults.Select(fault => fault.SecondsToCommit).OfType<double>().Order().ToList();
        return Row(name, $"{faults.Count}", $"{seconds.Count}", Quantile(seconds, 0.5), Quantile(seconds, 0.99), Quantile(seconds, 1));
    }

    private static string Row(params string[] cells) => $"| {string.Join(" | ", cells)} |";

    private static string Quantile(List<double> ascending, double share) => ascending.Count == 0
        ? ""
        : ascending[Math.Max(0, (int)Math.Ceiling(share * ascending.Count) - 1)].ToString("0.00", CultureInfo.InvariantCulture);
}
