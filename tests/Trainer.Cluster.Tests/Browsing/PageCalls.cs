using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Trainer.Cluster.Tests.Deploy;

namespace Trainer.Cluster.Tests.Browsing;

/// <summary>What pages of a job ask a coordinator for, by tests/browser/pages.mjs, in a process of its own as a browser is; and another client's calls, timed.</summary>
internal sealed class PageCalls : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Process _process;

    private PageCalls(Process process) => _process = process;

    public int ProcessId => _process.Id;

    /// <summary>Opens pages, and waits until each has the job and a curve of it.</summary>
    public static async Task<PageCalls> OpenAsync(string address, string token, string job, int pages, Action<int> started)
    {
        string[] arguments = [Path.Combine(Repository.Root, "tests", "browser", "pages.mjs"), address, token, job, pages.ToString(CultureInfo.InvariantCulture)];
        var calls = new PageCalls(Process.Start(new ProcessStartInfo(Programs.Need("node"), arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!);
        started(calls._process.Id);
        Assert.Equal("open", await calls.SaidAsync());
        return calls;
    }

    /// <summary>Closes the pages.</summary>
    /// <returns>How often the stream of each spoke.</returns>
    public async Task<IReadOnlyList<long>> CloseAsync()
    {
        _process.StandardInput.Close();
        return JsonSerializer.Deserialize<long[]>(await SaidAsync())!;
    }

    public async ValueTask DisposeAsync() => await Chromium.EndAsync(_process);

    /// <summary>Milliseconds of calls that are begun at even times, however long the ones before take.</summary>
    public static async Task<double[]> AskAsync(string address, string token, string path, int perSecond, TimeSpan time)
    {
        using var http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = Timeout.InfiniteTimeSpan })
        {
            BaseAddress = new Uri(address),
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) },
        };
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

    private async Task<string> SaidAsync()
    {
        var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(Patience);
        Assert.True(line is not null, line is null ? await _process.StandardError.ReadToEndAsync() : "");
        return line!;
    }
}
