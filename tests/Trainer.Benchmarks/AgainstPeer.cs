using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Trainer.Benchmarks;

/// <summary>
/// Networks in turn with a peer, a process for each network and run, so that both meet the same machine: the medians of at least five pairs, and the ratio of each
/// pair, which neighbours move less than either time.
/// </summary>
/// <remarks>The peer is a shell command that is called with threads, network and seconds, and writes a line with "NETWORK ... median X ms".</remarks>
internal sealed partial class AgainstPeer(BenchmarkOptions options, Func<string, Measurement> measure)
{
    private const int Pairs = 5;

    /// <returns>The process's exit code.</returns>
    public int Run(IEnumerable<string> networks)
    {
        Say($"{Machine()}; load {Load()}; {options.Threads} threads; medians of {Pairs} pairs of {options.Seconds} s; peer: {options.Against}");
        Say($"{"network",-12}{"ours, ms",10}{"images/s",10}{"peer, ms",10}{"ratio",8}{"lowest",8}{"highest",9}{"of peak",9}{"peak MiB",10}");
        var ratios = new List<double>();
        foreach (var network in networks)
        {
            ratios.Add(Compare(network));
        }

        Say($"geometric mean of the ratios: {Math.Exp(ratios.Average(Math.Log)):F2} over {ratios.Count}; the smallest is {ratios.Min():F2}; load {Load()}");
        return 0;
    }

    private double Compare(string network)
    {
        var (ours, theirs) = (new List<Measurement>(), new List<double>());
        for (var pair = 0; pair < Pairs; pair++)
        {
            ours.Add(measure(network));
            theirs.Add(TimePeer(network));
        }

        var ratios = ours.Zip(theirs, (our, peer) => peer / our.median_ms).Order().ToList();
        var (median, peerMedian, ratio) = (Median(ours.Select(one => one.median_ms)), Median(theirs), Median(ratios));
        var compared = new Comparison(
            network, median, ours[0].batch / median * 1e3, peerMedian, ratio, ratios[0], ratios[^1], Median(ours.Select(one => one.peak_share)), ours.Max(one => one.peak_mib));
        Console.WriteLine(options.Json ? JsonSerializer.Serialize(compared) : compared.ToString());
        return ratio;
    }

    private double TimePeer(string network)
    {
        string[] arguments = ["-c", $"{options.Against} {options.Threads} {network} {options.Seconds.ToString(CultureInfo.InvariantCulture)}"];
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var line = Timed().Matches(output).FirstOrDefault(match => match.Groups["network"].Value == network);
        return line is null
            ? throw new InvalidOperationException($"The peer ended with exit code {process.ExitCode} and wrote no line '{network} ... median X ms'; its output: {output}")
            : double.Parse(line.Groups["ms"].Value, CultureInfo.InvariantCulture);
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    /// <summary>The processor, and which of its logical processors share a core: two threads of one core have one peak.</summary>
    private static string Machine()
    {
        var model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown processor";
        var siblings = Directory.EnumerateDirectories("/sys/devices/system/cpu", "cpu*")
            .Select(folder => Path.Combine(folder, "topology", "thread_siblings_list"))
            .Where(File.Exists)
            .Select(file => File.ReadAllText(file).Trim())
            .Distinct()
            .Order(StringComparer.Ordinal);
        return $"{model}, {Environment.ProcessorCount} processors, cores {string.Join(' ', siblings)} as the system tells";
    }

    private static string Load() => string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(3));

    /// <summary>Beside lines of JSON, on standard error.</summary>
    private void Say(string line) => (options.Json ? Console.Error : Console.Out).WriteLine(line);

    [GeneratedRegex(@"^(?<network>\S+) .*?median (?<ms>[0-9.]+) ms", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10000)]
    private static partial Regex Timed();

    // The names are those of the output.
    private sealed record Comparison(
        string network, double median_ms, double images_per_s, double peer_ms, double ratio, double lowest_ratio, double highest_ratio, double peak_share, long peak_mib)
    {
        public override string ToString() =>
            $"{network,-12}{median_ms,10:F2}{images_per_s,10:F0}{peer_ms,10:F2}{ratio,8:F2}{lowest_ratio,8:F2}{highest_ratio,9:F2}{peak_share,9:P0}{peak_mib,10}";
    }
}

/// <param name="peak_share">Of the process's FMA peak, by FLOPs of direct convolutions.</param>
// The names are those of the output.
internal sealed record Measurement(
    string network, int batch, double median_ms, double min_ms, double images_per_s, double peak_share, long peak_mib)
{
    public override string ToString() =>
        $"{network,-12}{batch,6}{median_ms,11:F3}{min_ms,9:F3}{images_per_s,10:F0}{peak_share,9:P0}{peak_mib,10}";
}
