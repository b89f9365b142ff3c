using Trainer.Hosting.Certificates;
using Trainer.Hosting.Metrics;
using Trainer.Hosting.Tests.Certificates;

namespace Trainer.Hosting.Tests.Metrics;

/// <summary>A process's telemetry behind a real HTTP server on a free port.</summary>
internal sealed class MetricsHost : IAsyncDisposable
{
    private readonly HttpClient _client = new();
    private readonly TestCertificates _certificates = new();
    private readonly WebApplication _app;

    private MetricsHost(string role, IReadOnlyList<string> workers)
    {
        Node = new NodeMetrics(workers);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddTrainerTelemetry(role, Node, Control, _certificates.Load(PeerRoles.Node));
        _app = builder.Build();
        _app.MapTrainerMetrics();
    }

    public NodeMetrics Node { get; }

    public TrainingMetrics Training => Node.Workers[0];

    public ControlMetrics Control { get; } = new();

    public static async Task<MetricsHost> StartAsync(string role, params IReadOnlyList<string> workers)
    {
        var host = new MetricsHost(role, workers.DefaultIfEmpty("worker").ToList());
        await host._app.StartAsync();
        return host;
    }

    /// <summary>What a scraper reads, line by line. The exporter keeps an answer for 300 ms: asks until <paramref name="until"/> holds.</summary>
    public async Task<string[]> ScrapeAsync(Func<string[], bool> until)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var lines = (await _client.GetStringAsync($"{_app.Urls.First()}/metrics", patience.Token)).Split('\n');
            if (until(lines))
            {
                return lines;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Node.Dispose();
        Control.Dispose();
        _certificates.Dispose();
        _client.Dispose();
        await _app.DisposeAsync();
    }
}
