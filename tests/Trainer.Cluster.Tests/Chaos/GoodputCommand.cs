using System.Globalization;

namespace Trainer.Cluster.Tests.Chaos;

/// <summary>
/// tests/goodput: what kills cost. A job trains for a while in which a worker is killed every few seconds; then the same job for the same time, in which the same workers
/// leave and come back at the same times by planned changes, once with processes that stay, and once with such that stop and start anew as the killed ones do: to start takes processor
/// time from the others. The steps that they committed are compared.
/// </summary>
internal static class GoodputCommand
{
    private const string Usage = "tests/goodput --job FILE [--every SECONDS] [--seconds SECONDS] [--workers N] [--seed X]";

    public static async Task<int> RunAsync(string[] arguments)
    {
        if (Options.Parse(arguments) is not { } options)
        {
            await Console.Error.WriteLineAsync(Usage);
            return 2;
        }

        await using var cluster = await ChaosCluster.UpAsync(options.Workers);
        var comeBack = await RehearseAsync(cluster, options);
        var killed = new GoodputRun(cluster, options.Job, options.Workers);
        var outages = await killed.KillAsync(options.Every, options.Seconds, new Random(options.Seed));
        Console.WriteLine($"kills: {killed.Summary}");
        var control = new GoodputRun(cluster, options.Job, options.Workers);
        await control.DrainAsync(outages, options.Seconds, comeBack);
        Console.WriteLine($"planned: {control.Summary}");
        var replaced = new GoodputRun(cluster, options.Job, options.Workers);
        await replaced.ReplaceAsync(outages, options.Seconds);
        Console.WriteLine($"planned, with processes that start anew: {replaced.Summary}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{outages.Count} kills, one every {options.Every:0} s: {100.0 * killed.Steps / replaced.Steps:0.0} % of the steps that planned changes leave whose processes start anew as well, {100.0 * killed.Steps / control.Steps:0.0} % of those with processes that stay"));
        return 0;
    }

    // How long a drained worker takes to be back once it may.
    private static async Task<double> RehearseAsync(ChaosCluster cluster, Options options)
    {
        var run = new GoodputRun(cluster, options.Job, options.Workers);
        await run.DrainAsync([new Outage("worker-0", 1, 3)], seconds: 15, comeBack: 0);
        return run.Returns.Single() - 3;
    }

    private sealed record Options(string Job, double Every, double Seconds, int Workers, int Seed)
    {
        /// <summary>Null: something in them is not understood.</summary>
        public static Options? Parse(string[] arguments)
        {
            var options = new Options(Job: "", Every: 15, Seconds: 120, Workers: 3, Seed: 1);
            for (var i = 0; i < arguments.Length; i += 2)
            {
                if (i + 1 == arguments.Length || options.With(arguments[i], arguments[i + 1]) is not { } next)
                {
                    return null;
                }

                options = next;
            }

            return options.Job.Length > 0 ? options : null;
        }

        private Options? With(string name, string value) => name switch
        {
            "--job" when File.Exists(value) => this with { Job = Path.GetFullPath(value) },
            "--every" when double.TryParse(value, CultureInfo.InvariantCulture, out var every) && every > 0 => this with { Every = every },
            "--seconds" when double.TryParse(value, CultureInfo.InvariantCulture, out var seconds) && seconds > 0 => this with { Seconds = seconds },
            "--workers" when int.TryParse(value, CultureInfo.InvariantCulture, out var workers) && workers > 0 => this with { Workers = workers },
            "--seed" when int.TryParse(value, CultureInfo.InvariantCulture, out var seed) => this with { Seed = seed },
            _ => null,
        };
    }
}
