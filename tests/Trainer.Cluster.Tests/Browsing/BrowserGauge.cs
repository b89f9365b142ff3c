using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Trainer.Cluster.Tests.Browsing;

/// <summary>Chromium with one page open, measured by tests/browser/measure.mjs.</summary>
internal sealed class BrowserGauge : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly Process _process = Chromium.Start("measure.mjs");

    /// <param name="question">As measure.mjs takes it.</param>
    public async Task<JsonNode> AskAsync(object question)
    {
        await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(question));
        await _process.StandardInput.FlushAsync();
        var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(Patience);
        Assert.True(line is not null, line is null ? await _process.StandardError.ReadToEndAsync() : "");
        var answer = JsonNode.Parse(line!)!;
        Assert.True(answer["problem"] is null && answer["problems"]!.AsArray().Count == 0, answer.ToJsonString());
        return answer;
    }

    public async ValueTask DisposeAsync() => await Chromium.EndAsync(_process);
}
