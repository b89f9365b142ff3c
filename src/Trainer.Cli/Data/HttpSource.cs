using Trainer.Cli.Output;

namespace Trainer.Cli.Data;

/// <summary>Files below an address.</summary>
internal sealed class HttpSource(Uri address, IReadOnlyList<string> names) : IDataSource
{
    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(5);

    /// <summary>No byte for so long: given up.</summary>
    private static readonly TimeSpan StallsFor = TimeSpan.FromSeconds(15);

    public string Name { get; } = $"the address {address}";

    public async Task FetchAsync(string folder, Action<string> tell, CancellationToken stop)
    {
        using var http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = ConnectWithin }) { Timeout = Timeout.InfiniteTimeSpan };
        foreach (var name in names)
        {
            try
            {
                await DownloadAsync(http, new Uri($"{address.AbsoluteUri.TrimEnd('/')}/{name}"), Path.Combine(folder, name), tell, stop);
            }
            catch (Exception failed) when (failed is HttpRequestException or IOException or OperationCanceledException)
            {
                stop.ThrowIfCancellationRequested();
                throw new SourceFailedException($"{name}: {Reason(failed)}", failed);
            }
        }
    }

    private static async Task DownloadAsync(HttpClient http, Uri from, string to, Action<string> tell, CancellationToken stop)
    {
        using var stalled = CancellationTokenSource.CreateLinkedTokenSource(stop);
        stalled.CancelAfter(StallsFor);
        using var response = await http.GetAsync(from, HttpCompletionOption.ResponseHeadersRead, stalled.Token);
        response.EnsureSuccessStatusCode();
        var length = response.Content.Headers.ContentLength;
        tell($"  {Path.GetFileName(to)}{(length is { } bytes ? $" ({Words.Bytes(bytes)})" : "")}");
        await using var body = await response.Content.ReadAsStreamAsync(stalled.Token);
        await using var file = File.Create(to);
        var buffer = new byte[1 << 16];
        for (int read; (read = await body.ReadAsync(buffer, stalled.Token)) > 0; stalled.CancelAfter(StallsFor))
        {
            await file.WriteAsync(buffer.AsMemory(0, read), stop);
        }
    }

    private static string Reason(Exception failed) => failed switch
    {
        HttpRequestException { StatusCode: { } status } => $"the server answered {(int)status} {status}",
        { InnerException: OperationCanceledException or TimeoutException } => $"no connection within {Words.Duration(ConnectWithin.TotalSeconds)}",
        OperationCanceledException => $"no answer within {Words.Duration(StallsFor.TotalSeconds)}",
        _ => failed.Message,
    };
}
