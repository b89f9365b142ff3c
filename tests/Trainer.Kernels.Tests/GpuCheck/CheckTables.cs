using System.Globalization;
using System.Text;

namespace Trainer.Kernels.Tests.GpuCheck;

/// <summary>The report as tables for docs/gpu.md.</summary>
internal static class CheckTables
{
    private const int MostFaults = 30;

    public static string Of(CheckReport report)
    {
        var text = new StringBuilder();
        text.AppendLine(Machine(report)).AppendLine(Verdict(report)).AppendLine(Parts(report.Findings));
        AppendUnlessEmpty(text, "Networks of the zoo against tests/hashes.json", ["network", "outcome", "hash"], Of(report, Topic.Zoo).Select(one => new[] { one.Case, one.Outcome, one.Detail }));
        AppendUnlessEmpty(text, "Products, ms", ProductHeads, Of(report, Topic.Products).Select(one => Product(one, Torch(report, one.Case))));
        AppendUnlessEmpty(text, "Training steps", ["network", "batch", "ours, ms", "images/s", "TFLOP/s", "PyTorch, ms", "ratio"], Of(report, Topic.Networks).Select(one => Network(one, Torch(report, one.Case))));
        AppendUnlessEmpty(text, "Kernels", KernelHeads(report), report.Kernels.Select(kernel => Kernel(kernel, report)));
        return text.ToString();
    }

    private static string[] ProductHeads =>
        ["product", .. Ways.SelectMany(way => new[] { way, "TFLOP/s", "PyTorch", "ratio", "TF32" })];

    private static string[] Ways => ["forward", "data", "weights"];

    private static string Machine(CheckReport report)
    {
        var machine = report.Machine;
        var driver = machine.Driver.Length > 0 ? $"; {machine.Driver}" : "";
        var torch = report.Findings.FirstOrDefault(one => one.Topic == Topic.Torch && one.Outcome == Outcome.Measured)?.Detail
            ?? report.Findings.FirstOrDefault(one => one.Topic == Topic.Torch)?.Detail ?? "not asked for";
        return $"{machine.Device}: {machine.Description}, {machine.MemoryBytes >> 20} MiB, arithmetic {machine.NumericsId}{driver}. {machine.Processor}, {machine.Processors} processors, load {machine.Load} before and "
            + $"{report.LoadAfter} after. Trainer {machine.Program}, {machine.Runtime}, {machine.System}; {report.Started:yyyy-MM-dd HH:mm} UTC, {Number(report.Seconds)} s. PyTorch: {torch}.\n";
    }

    private static string Verdict(CheckReport report)
    {
        var obstacles = report.Obstacles.ToList();
        if (obstacles.Count == 0)
        {
            return $"**All bits that were compared are equal**{(report.IsWhole ? "" : ", of a part of the check")}.\n";
        }

        var more = obstacles.Count > MostFaults ? $"- and {obstacles.Count - MostFaults} more, in the JSON\n" : "";
        return $"**Not all bits are known to be equal:**\n\n{string.Concat(obstacles.Take(MostFaults).Select(obstacle => $"- {OneLine(obstacle)}\n"))}{more}";
    }

    private static string Parts(IReadOnlyList<Finding> findings)
    {
        string[] outcomes = [Outcome.Equal, Outcome.Near, Outcome.Measured, Outcome.Differs, Outcome.Failed, Outcome.Skipped, Outcome.NotReached];
        return Table("What was done", ["part", "cases", .. outcomes, "seconds"], findings.GroupBy(finding => finding.Part).Select(part => (string[])
        [
            part.Key, Number(part.Count()), .. outcomes.Select(outcome => Number(part.Count(finding => finding.Outcome == outcome))), Number(part.Sum(finding => finding.Seconds)),
        ]));
    }

    private static string[] Product(Finding ours, Finding? torch) =>
    [
        ours.Case,
        .. Ways.SelectMany(way => new[]
        {
            Figure(ours, $"{way} ms"), Rate(ours, $"{way} ms"), Figure(torch, $"{way} ms"), Ratio(torch, ours, $"{way} ms"), Figure(ours, $"{way} tf32 ms"),
        }),
    ];

    private static string[] Network(Finding ours, Finding? torch) =>
    [
        ours.Case, Figure(ours, "batch"), Figure(ours, "median ms"),
        ours.Figures.TryGetValue("batch", out var batch) ? Number(batch / ours.Figures["median ms"] * 1e3) : ours.Outcome,
        Rate(ours, "median ms"), Figure(torch, "median ms"), Ratio(torch, ours, "median ms"),
    ];

    private static string[] KernelHeads(CheckReport report) => ["kernel", "bits", "cases", .. ResourceNames(report)];

    private static string[] Kernel(KernelVerdict kernel, CheckReport report) =>
    [
        $"`{kernel.Name}`", kernel.InWords, Number(kernel.Cases), .. ResourceNames(report).Select(name => kernel.Resources.TryGetValue(name, out var value) ? Number(value) : "-"),
    ];

    private static List<string> ResourceNames(CheckReport report) => [.. report.Kernels.SelectMany(kernel => kernel.Resources.Keys).Distinct()];

    private static IEnumerable<Finding> Of(CheckReport report, string topic) => report.Findings.Where(finding => finding.Topic == topic);

    private static Finding? Torch(CheckReport report, string name) => Of(report, Topic.Torch).FirstOrDefault(finding => finding.Case == name);

    private static string Figure(Finding? finding, string name) => finding?.Figures.TryGetValue(name, out var value) == true ? Number(value) : "-";

    private static string Rate(Finding finding, string name) => finding.Figures.TryGetValue(name, out var milliseconds) ? Number(finding.Figures["GFLOP"] / milliseconds) : "-";

    /// <summary>How many times as fast we are.</summary>
    private static string Ratio(Finding? torch, Finding ours, string name) =>
        torch?.Figures.TryGetValue(name, out var theirs) == true && ours.Figures.TryGetValue(name, out var mine) ? Number(theirs / mine) : "-";

    private static void AppendUnlessEmpty(StringBuilder text, string title, IReadOnlyList<string> heads, IEnumerable<string[]> rows)
    {
        var all = rows.ToList();
        if (all.Count > 0)
        {
            text.AppendLine(Table(title, heads, all));
        }
    }

    private static string Table(string title, IReadOnlyList<string> heads, IEnumerable<string[]> rows) =>
        $"{title}:\n\n{Row(heads)}|{string.Concat(Enumerable.Repeat("---|", heads.Count))}\n{string.Concat(rows.Select(Row))}";

    private static string Row(IReadOnlyList<string> cells) => $"| {string.Join(" | ", cells.Select(OneLine))} |\n";

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal);

    /// <summary>Three digits that count.</summary>
    private static string Number(double value) => value == Math.Truncate(value) || Math.Abs(value) >= 100
        ? value.ToString("N0", CultureInfo.InvariantCulture)
        : value.ToString(Math.Abs(value) >= 10 ? "F1" : Math.Abs(value) >= 1 ? "F2" : "G3", CultureInfo.InvariantCulture);
}
