using System.Globalization;

namespace Trainer.Benchmarks;

/// <param name="Threads">Compute threads; 0: one for each processor.</param>
/// <param name="Seconds">Time spent on each measurement, about.</param>
/// <param name="Only">Names of the networks to time, or parts of operations' names; empty: all.</param>
/// <param name="Operations">networks: times of each operation as well.</param>
/// <param name="Against">networks: the command of a peer to take turns with; empty: none.</param>
internal sealed record BenchmarkOptions(string Verb, int Threads, double Seconds, bool Json, string[] Only, bool Operations = false, string Against = "")
{
    public const string Usage =
        "usage: gemm|conv|linear|ops|lenet|networks|peak|kernels [--threads T] [--seconds S] [--only NAME,...] [--json] [--operations] [--against COMMAND], or allreduce, simulate, training or precision [...]";

    private static readonly string[] Verbs = ["gemm", "conv", "linear", "ops", "lenet", "networks", "peak", "kernels"];

    public static bool TryParse(string[] args, out BenchmarkOptions options, out string problem)
    {
        options = new BenchmarkOptions("", Threads: 1, Seconds: 1, Json: false, Only: []);
        problem = args.Length == 0 ? "No benchmark named." : Verbs.Contains(args[0]) ? "" : $"No benchmark '{args[0]}'.";
        for (var i = 1; i < args.Length && problem.Length == 0; i++)
        {
            var value = i + 1 < args.Length ? args[i + 1] : "";
            switch (args[i])
            {
                case "--operations":
                    options = options with { Operations = true };
                    break;
                case "--json":
                    options = options with { Json = true };
                    break;
                case "--only" when value.Length > 0:
                    (options, i) = (options with { Only = value.Split(',') }, i + 1);
                    break;
                case "--against" when value.Length > 0:
                    (options, i) = (options with { Against = value }, i + 1);
                    break;
                case "--threads" when int.TryParse(value, CultureInfo.InvariantCulture, out var threads) && threads >= 0:
                    (options, i) = (options with { Threads = threads }, i + 1);
                    break;
                case "--seconds" when double.TryParse(value, CultureInfo.InvariantCulture, out var seconds) && seconds > 0:
                    (options, i) = (options with { Seconds = seconds }, i + 1);
                    break;
                default:
                    problem = $"Cannot read '{args[i]} {value}'.";
                    break;
            }
        }

        options = args.Length == 0 ? options : options with { Verb = args[0] };
        return problem.Length == 0;
    }
}
