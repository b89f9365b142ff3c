using System.Globalization;

namespace Trainer.Benchmarks.Simulation;

/// <summary>
/// <c>simulate [--name value]...</c>: step time of 1 to 4096 workers by direct, two-level and ring exchange at 10, 100 and 400 Gbit/s, and from where two-level pays.
/// Times in ms, or in ns and µs where the name says so.
/// </summary>
internal static class SimulateCommand
{
    private static readonly double[] Rates = [10, 100, 400];

    /// <summary>ResNet18's gradient. The time of a byte comes from a measurement by `allreduce`; all other times are assumptions about a data centre with accelerators.</summary>
    private static readonly Dictionary<string, double> Defaults = new(StringComparer.Ordinal)
    {
        ["--elements"] = 11_178_378,
        ["--forward-ms"] = 20,
        ["--backward-ms"] = 40,
        ["--apply-ms"] = 5,
        ["--latency-us"] = 20,
        ["--ns-per-byte"] = 0.25,
        ["--us-per-message"] = 8,
        ["--link-threads"] = 8,
        ["--chunk"] = 65_536,
        ["--most-workers"] = 4096,
    };

    public static int Run(ReadOnlySpan<string> args)
    {
        var given = new Dictionary<string, double>(Defaults, StringComparer.Ordinal);
        for (var i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length || !given.ContainsKey(args[i]) || !double.TryParse(args[i + 1], CultureInfo.InvariantCulture, out var value) || value < 0)
            {
                Console.Error.WriteLine($"Cannot read '{args[i]}'. usage: simulate {string.Join(' ', Defaults.Select(pair => string.Create(CultureInfo.InvariantCulture, $"[{pair.Key} {pair.Value}]")))}");
                return 2;
            }

            given[args[i]] = value;
        }

        Console.WriteLine("step time in ms: direct, two-level (with groups of), ring");
        Console.WriteLine($"{"workers",8}" + string.Concat(Rates.Select(rate => $"{rate,18} Gbit/s     ")));
        var pays = Rates.Select(_ => (int?)null).ToArray();
        for (var workers = 1; workers <= given["--most-workers"]; workers *= 2)
        {
            Console.WriteLine($"{workers,8}" + string.Concat(Rates.Select((rate, i) => Row(ModelOf(given, workers, rate), ref pays[i]))));
        }

        Console.WriteLine("two-level pays (5 % of a step or more) from: " + string.Join(", ", Rates.Select((rate, i) => $"{rate} Gbit/s: {pays[i]?.ToString(CultureInfo.InvariantCulture) ?? "nowhere"}")));
        return 0;
    }

    private static StepModel ModelOf(Dictionary<string, double> given, int workers, double rate) => new()
    {
        Workers = workers,
        Elements = (int)given["--elements"],
        GigabitsPerSecond = rate,
        LatencySeconds = given["--latency-us"] / 1e6,
        LinkThreads = (int)given["--link-threads"],
        SecondsPerByte = given["--ns-per-byte"] / 1e9,
        SecondsPerMessage = given["--us-per-message"] / 1e6,
        ForwardSeconds = given["--forward-ms"] / 1e3,
        BackwardSeconds = given["--backward-ms"] / 1e3,
        ApplySeconds = given["--apply-ms"] / 1e3,
        ChunkElements = (int)given["--chunk"],
    };

    private static string Row(StepModel model, ref int? pays)
    {
        var (direct, ring) = (Exchanges.Direct(model), Exchanges.Ring(model));
        var (twoLevel, size) = Sizes(model.Workers).Select(size => (Exchanges.TwoLevel(model, size), size)).MinBy(pair => pair.Item1);
        if (twoLevel < 0.95 * direct)
        {
            pays ??= model.Workers;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{direct * 1e3,9:F1}{twoLevel * 1e3,8:F1} ({size,2}){ring * 1e3,9:F1}");
    }

    /// <summary>About the root of their number, and half and twice that.</summary>
    private static IEnumerable<int> Sizes(int workers)
    {
        var root = 1 << (int)Math.Round(Math.Log2(workers) / 2);
        return new[] { root / 2, root, root * 2 }.Where(size => size > 0 && size <= workers && workers % size == 0);
    }
}
