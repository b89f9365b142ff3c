using System.Globalization;
using Trainer.Cluster.Tests.Jobs;

namespace Trainer.Cluster.Tests.Chaos;

/// <summary>tests/chaos: trains a job again and again while faults strike, until the time is over, and prints what came of it.</summary>
internal static class ChaosCommand
{
    private const string Usage = "tests/chaos [--minutes M] [--seed X] [--workers N] [--runs R] [--job FILE] [--faults KIND,...] [--steps N]";

    public static async Task<int> RunAsync(string[] arguments)
    {
        if (Options.Parse(arguments) is not { } options)
        {
            await Console.Error.WriteLineAsync($"{Usage}\nKinds: {string.Join(", ", FaultSchedule.AllKinds).ToLowerInvariant()}.");
            return 2;
        }

        var write = options.Job is { } file ? _ => file : (Func<string, string>)DefaultJob.Write;
        await using var session = await ChaosSession.BeginAsync(options.Workers, write, Console.WriteLine);
        Console.WriteLine($"undisturbed: {session.UndisturbedSeconds:0.0} s, {session.UndisturbedSamplesPerSecond:0} samples/s");
        var reports = new List<ChaosReport>();
        var start = System.Diagnostics.Stopwatch.StartNew();
        for (var run = 0; run < options.Runs && start.Elapsed < TimeSpan.FromMinutes(options.Minutes); run++)
        {
            var seed = options.Seed + run;
            Console.WriteLine($"seed {seed}");
            try
            {
                var report = await session.RunAsync(new FaultSchedule(seed, options.Kinds, options.Steps).Faults());
                reports.Add(report);
                if (report.Problems.Count > 0)
                {
                    Console.WriteLine($"FAILED: {string.Join("; ", report.Problems)}. Again: tests/chaos --runs 1 --seed {seed} {options.Again}");
                    Console.WriteLine(session.Logs);
                }
            }
            catch (Exception e)
            {
                Console.WriteLine($"FAILED: {e.Message} Again: tests/chaos --runs 1 --seed {seed} {options.Again}");
                Console.WriteLine(session.Logs);
                Console.WriteLine(ChaosTable.Of(reports, session.UndisturbedSamplesPerSecond));
                return 1;
            }
        }

        Console.WriteLine($"{start.Elapsed.TotalMinutes:0.0} minutes, {options.Workers} workers, seeds {options.Seed} to {options.Seed + reports.Count - 1}");
        Console.WriteLine(ChaosTable.Of(reports, session.UndisturbedSamplesPerSecond));
        return reports.TrueForAll(report => report.Problems.Count == 0) ? 0 : 1;
    }

    /// <summary>All that depends on how a batch is divided, with a checkpoint every two seconds.</summary>
    private static TinyJob DefaultJob { get; } = TinyJob.Everything(1) with { Epochs = 400, MaxWorkers = 8, CheckpointSeconds = 2 };

    private sealed record Options(double Minutes, int Seed, int Workers, int Runs, string? Job, IReadOnlyList<FaultKind> Kinds, int Steps)
    {
        public string Again { get; private init; } = "";

        /// <summary>Null: something in them is not understood.</summary>
        public static Options? Parse(string[] arguments)
        {
            var options = new Options(Minutes: 1, Seed: 1, Workers: 3, Runs: int.MaxValue, Job: null, FaultSchedule.AllKinds, Steps: 40);
            for (var i = 0; i < arguments.Length; i += 2)
            {
                if (i + 1 == arguments.Length || options.With(arguments[i], arguments[i + 1]) is not { } next)
                {
                    return null;
                }

                options = arguments[i] is "--minutes" or "--seed" or "--runs" ? next : next with { Again = $"{next.Again} {arguments[i]} {arguments[i + 1]}".Trim() };
            }

            return options;
        }

        private Options? With(string name, string value) => name switch
        {
            "--minutes" when double.TryParse(value, CultureInfo.InvariantCulture, out var minutes) => this with { Minutes = minutes },
            "--seed" when int.TryParse(value, CultureInfo.InvariantCulture, out var seed) => this with { Seed = seed },
            "--workers" when int.TryParse(value, CultureInfo.InvariantCulture, out var workers) && workers > 0 => this with { Workers = workers },
            "--runs" when int.TryParse(value, CultureInfo.InvariantCulture, out var runs) => this with { Runs = runs },
            "--job" when File.Exists(value) => this with { Job = Path.GetFullPath(value) },
            "--steps" when int.TryParse(value, CultureInfo.InvariantCulture, out var steps) && steps > 0 => this with { Steps = steps },
            "--faults" when value.Split(',') is var names && names.All(word => Enum.TryParse<FaultKind>(word, ignoreCase: true, out _)) =>
                this with { Kinds = [.. names.Select(word => Enum.Parse<FaultKind>(word, ignoreCase: true))] },
            _ => null,
        };
    }
}
