using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Trainer.Cluster.Tests.Deploy;

namespace Trainer.Cluster.Tests.Traces;

/// <summary>A span as it arrived.</summary>
public sealed record ReceivedSpan(string Trace, string Id, string Parent, string Name, int Kind, string Start, string End, JsonElement Attributes, IReadOnlyList<SpanLink> Links, int Status, string Message, JsonElement Resource, string Protocol, string Authorization)
{
    public string? this[string attribute] => Attributes.TryGetProperty(attribute, out var value) ? value.ToString() : null;

    /// <summary>The process that sent it.</summary>
    public string Process => Resource.GetProperty("service.instance.id").GetString()!;

    /// <summary>Nanoseconds since 1970.</summary>
    public (ulong Start, ulong End) Time => (ulong.Parse(Start, CultureInfo.InvariantCulture), ulong.Parse(End, CultureInfo.InvariantCulture));

    public override string ToString() => $"{Process}: {Name} {Id} below {Parent}, {(Time.End - Time.Start) / 1_000_000} ms, status {Status} {Message} {Attributes}";
}

public sealed record SpanLink(string Trace, string Id);

/// <summary>tests/otlp/receive.mjs: an OTLP receiver that reads by OpenTelemetry's own definitions.</summary>
public sealed class OtlpReceiver : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNameCaseInsensitive = true };

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly List<ReceivedSpan> _spans = [];
    private readonly SemaphoreSlim _arrived = new(0);
    private Task _reading = Task.CompletedTask;

    private OtlpReceiver(Process process) => _process = process;

    public string Http { get; private set; } = "";

    public string Grpc { get; private set; } = "";

    public IReadOnlyList<ReceivedSpan> Spans
    {
        get
        {
            lock (_spans)
            {
                return [.. _spans];
            }
        }
    }

    public static async Task<OtlpReceiver> StartAsync()
    {
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set ? set : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        var (definitions, grpc) = (Path.Combine(cache, "trainer", "otlp"), Path.Combine(cache, "trainer", "grpc-js"));
        Assert.SkipUnless(Directory.Exists(definitions) && Directory.Exists(grpc), $"@opentelemetry/otlp-transformer and @grpc/grpc-js are not in {definitions} and {grpc}; ./test --all gets them.");
        var start = new ProcessStartInfo(Programs.Need("node"), [Path.Combine(Repository.Root, "tests", "otlp", "receive.mjs"), definitions, grpc]) { UseShellExecute = false, RedirectStandardOutput = true };
        var receiver = new OtlpReceiver(Process.Start(start)!);
        var addresses = JsonDocument.Parse(await receiver._process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The receiver ended before it listened.")).RootElement;
        (receiver.Http, receiver.Grpc) = (addresses.GetProperty("http").GetString()!, addresses.GetProperty("grpc").GetString()!);
        receiver._reading = receiver.ReadAsync();
        return receiver;
    }

    /// <summary>Until what has arrived fulfils the condition.</summary>
    public async Task<T> UntilAsync<T>(Func<IReadOnlyList<ReceivedSpan>, T?> condition)
        where T : class
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            if (condition(Spans) is { } found)
            {
                return found;
            }

            try
            {
                await _arrived.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException late)
            {
                throw new TimeoutException($"What was waited for has not arrived. These have:\n{string.Join('\n', Spans)}", late);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
        _arrived.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            lock (_spans)
            {
                _spans.Add(JsonSerializer.Deserialize<ReceivedSpan>(line, Json)!);
            }

            _arrived.Release();
        }
    }
}
