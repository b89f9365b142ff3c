using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Trainer.Cluster.Tests.Browsing;

/// <summary>The calls that the page of a job makes, without a browser: its stream, and what is new of its curves once a second, as far as the stream says that something is (wwwroot/pages/job-curves.js).</summary>
internal sealed class PageCalls
{
    private const string Metrics = "loss accuracy learning_rate gradient_norm images_per_second data_seconds forward_seconds backward_seconds allreduce_seconds optimizer_seconds";

    private const int MostPoints = 1000; // As wwwroot/curves.js asks for.

    private static readonly TimeSpan ReadAgain = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource _shown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How often the stream spoke, when the page has been closed.</summary>
    public Task<long> Updates { get; private set; } = Task.FromResult(0L);

    public static HttpClient Connect(string address, string token) => new(new SocketsHttpHandler { PooledConnectionLifetime = Timeout.InfiniteTimeSpan })
    {
        BaseAddress = new Uri(address),
        Timeout = Timeout.InfiniteTimeSpan,
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) },
    };

    /// <summary>Opens a page, and waits until the job and a curve of it are there.</summary>
    /// <param name="stop">Closes it.</param>
    public static async Task<PageCalls> OpenAsync(string address, string token, string job, CancellationToken stop)
    {
        var page = new PageCalls();
        page.Updates = page.FollowAsync(address, token, job, stop);
        await await Task.WhenAny(page._shown.Task, page.Updates);
        return page;
    }

    private async Task<long> FollowAsync(string address, string token, string job, CancellationToken stop)
    {
        using var http = Connect(address, token);
        var (updates, step, read, readAt) = (0L, 0L, 0L, 0L);
        try
        {
            using var stream = new StreamReader(await http.GetStreamAsync($"/v1/jobs/{job}:watch", stop));
            while (await stream.ReadLineAsync(stop) is { } line)
            {
                updates++;
                step = StepOf(line);
                if (step > read && (readAt == 0 || Stopwatch.GetElapsedTime(readAt) >= ReadAgain))
                {
                    readAt = Stopwatch.GetTimestamp();
                    read = Math.Max(read, await LastStepAsync(http, job, read, stop));
                    if (read > 0)
                    {
                        _shown.TrySetResult();
                    }
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The page is closed.
        }

        return updates;
    }

    /// <summary>Milliseconds of calls that are begun at even times, however long the ones before take.</summary>
    public static async Task<double[]> AskAsync(string address, string token, string path, int perSecond, TimeSpan time)
    {
        using var http = Connect(address, token);
        _ = await http.GetStringAsync(path);
        var (begun, calls) = (Stopwatch.GetTimestamp(), new List<Task<double>>());
        for (var i = 0; i < perSecond * time.TotalSeconds; i++)
        {
            var due = TimeSpan.FromSeconds((double)i / perSecond) - Stopwatch.GetElapsedTime(begun);
            await Task.Delay(due > TimeSpan.Zero ? due : TimeSpan.Zero);
            calls.Add(Timed(http, path));
        }

        return [.. (await Task.WhenAll(calls)).Order()];
    }

    private static async Task<double> Timed(HttpClient http, string path)
    {
        var begun = Stopwatch.GetTimestamp();
        _ = await http.GetStringAsync(path);
        return Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
    }

    private static long StepOf(string job)
    {
        using var document = JsonDocument.Parse(job);
        return document.RootElement.TryGetProperty("progress", out var progress) ? progress.GetProperty("step").GetInt64() : 0;
    }

    private static async Task<long> LastStepAsync(HttpClient http, string job, long after, CancellationToken stop)
    {
        var first = after > 0 ? string.Create(CultureInfo.InvariantCulture, $"&first_step={after + 1}") : "";
        var query = string.Join('&', Metrics.Split(' ').Select(metric => $"metrics={metric}"));
        using var document = JsonDocument.Parse(await http.GetStringAsync($"/v1/jobs/{job}/metrics?{query}&max_points={MostPoints}{first}", stop));
        return document.RootElement.GetProperty("series").EnumerateArray().SelectMany(series => series.GetProperty("points").EnumerateArray().TakeLast(1))
            .Select(point => point.GetProperty("step").GetInt64()).DefaultIfEmpty(after).Max();
    }
}
