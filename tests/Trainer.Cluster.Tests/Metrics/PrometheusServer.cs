using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Trainer.Cluster.Tests.Metrics;

/// <summary>A real Prometheus in a folder of its own, on a free port, that scrapes once a second; disposing kills and deletes it.</summary>
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
    public static async Task<PrometheusServer> StartAsync(string program, string tokenFile, IEnumerable<(string Name, string Address)> targets)
    {
        var folder = Directory.CreateTempSubdirectory("trainer-prometheus-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "prometheus.yml"), Configuration(tokenFile, targets));
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
        if (await AnswerAsync(expression) is not { } answer)
        {
            return []; // It does not yet answer queries.
        }

        Assert.True(answer.GetProperty("status").GetString() == "success", $"{expression}: {answer}");
        return [.. answer.GetProperty("data").GetProperty("result").EnumerateArray().Select(series => Value(series.GetProperty("value")[1].GetString()!))];
    }

    private async Task<JsonElement?> AnswerAsync(string expression)
    {
        using var response = await _client.GetAsync(new Uri($"/api/v1/query?query={Uri.EscapeDataString(expression)}", UriKind.Relative));
        return response.StatusCode == HttpStatusCode.ServiceUnavailable ? null : JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
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

    private static string Configuration(string tokenFile, IEnumerable<(string Name, string Address)> targets) => string.Join(
        '\n',
        [
            "global: {scrape_interval: 1s, scrape_timeout: 1s}",
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
