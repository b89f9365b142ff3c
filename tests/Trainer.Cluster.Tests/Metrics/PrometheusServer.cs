using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Trainer.Cluster.Tests.Metrics;

/// <summary>A real Prometheus in a folder of its own, on a free port, with Trainer's alerts; disposing kills and deletes it.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly string _folder;
    private readonly HttpClient _client;

    private PrometheusServer(Process process, string folder, Uri address)
    {
        (_process, _folder) = (process, folder);
        _client = new HttpClient { BaseAddress = address };
    }

    /// <param name="targets">host:port of each process, by the name that label <c>instance</c> shall have.</param>
    /// <param name="tokenFile">With which they can be read.</param>
    /// <param name="interval">Seconds between two scrapes.</param>
    public static async Task<PrometheusServer> StartAsync(string program, string tokenFile, IEnumerable<(string Name, string Address)> targets, int interval = 1)
    {
        var folder = Directory.CreateTempSubdirectory("trainer-prometheus-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "prometheus.yml"), Configuration(tokenFile, targets, interval));
        string[] arguments =
        [
            $"--config.file={folder}/prometheus.yml", $"--storage.tsdb.path={folder}/data", "--web.listen-address=127.0.0.1:0",
            $"--web.console.templates={folder}", $"--web.console.libraries={folder}",
        ];
        var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true })!;
        try
        {
            return new(process, folder, await ListeningAsync(process.StandardError));
        }
        catch
        {
            process.Kill();
            throw;
        }
    }

    /// <summary>The values of an instant query's series, NaN among them; empty when there are none.</summary>
    public async Task<IReadOnlyList<double>> QueryAsync(string expression)
    {
        if (await AnswerAsync($"query?query={Uri.EscapeDataString(expression)}") is not { } answer)
        {
            return []; // It does not yet answer queries.
        }

        return [.. answer.GetProperty("result").EnumerateArray().Select(series => Value(series.GetProperty("value")[1].GetString()!))];
    }

    /// <summary>How many points each series of a panel has that shows the last minutes.</summary>
    /// <param name="step">Seconds between two points.</param>
    public async Task<IReadOnlyList<int>> QueryRangeAsync(string expression, TimeSpan back, int step)
    {
        var now = DateTimeOffset.UtcNow;
        var answer = await AnswerAsync(FormattableString.Invariant($"query_range?query={Uri.EscapeDataString(expression)}&start={(now - back).ToUnixTimeSeconds()}&end={now.ToUnixTimeSeconds()}&step={step}"));
        return [.. answer!.Value.GetProperty("result").EnumerateArray().Select(series => series.GetProperty("values").GetArrayLength())];
    }

    /// <summary>What became of each rule: ok, err, or unknown until it was first tried.</summary>
    public async Task<IReadOnlyDictionary<string, string>> RulesAsync() => (await AnswerAsync("rules"))!.Value.GetProperty("groups").EnumerateArray()
        .SelectMany(group => group.GetProperty("rules").EnumerateArray())
        .ToDictionary(rule => rule.GetProperty("name").GetString()!, rule => rule.GetProperty("health").GetString()!, StringComparer.Ordinal);

    private async Task<JsonElement?> AnswerAsync(string question)
    {
        using var response = await _client.GetAsync(new Uri($"/api/v1/{question}", UriKind.Relative));
        if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
        {
            return null;
        }

        var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.True(answer.GetProperty("status").GetString() == "success", $"{Uri.UnescapeDataString(question)}: {answer}");
        return answer.GetProperty("data");
    }

    /// <summary>Asks every quarter of a second until the values are as wanted.</summary>
    public async Task<IReadOnlyList<double>> UntilAsync(string expression, Func<IReadOnlyList<double>, bool> condition)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            var values = await QueryAsync(expression);
            if (condition(values))
            {
                return values;
            }

            Assert.True(waited.Elapsed < Patience, $"{expression}: still [{string.Join(", ", values)}] after {Patience.TotalSeconds} s");
            await Task.Delay(250);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Configuration(string tokenFile, IEnumerable<(string Name, string Address)> targets, int interval) => string.Join(
        '\n',
        [
            $"global: {{scrape_interval: {interval}s, scrape_timeout: 1s, evaluation_interval: 1s}}",
            $"rule_files: ['{Path.Combine(Repository.Root, "deploy/prometheus/alerts.yaml")}']",
            "scrape_configs:",
            "  - job_name: trainer",
            $"    authorization: {{credentials_file: '{tokenFile}'}}",
            "    static_configs:",
            .. targets.Select(target => $"      - {{targets: ['{target.Address}'], labels: {{instance: {target.Name}}}}}"),
        ]);

    /// <summary>Prometheus tells its port in its log; what follows is read and dropped, so that it never waits for a reader.</summary>
    private static async Task<Uri> ListeningAsync(StreamReader log)
    {
        const string Sign = "msg=\"Listening on\" address=";
        var lines = new List<string>();
        using var limit = new CancellationTokenSource(Patience);
        while (await log.ReadLineAsync(limit.Token) is { } line)
        {
            lines.Add(line);
            if (line.Contains(Sign, StringComparison.Ordinal))
            {
                _ = log.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
                return new Uri($"http://{line[(line.IndexOf(Sign, StringComparison.Ordinal) + Sign.Length)..]}");
            }
        }
        throw new InvalidOperationException($"prometheus ended:\n{string.Join('\n', lines)}");
    }

    private static double Value(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };
}
