using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Trainer.Cluster.Tests.Browsing;

/// <summary>Chromium with one page open, driven by tests/browser/look.mjs.</summary>
internal sealed class BrowserWindow : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Process _process;

    private BrowserWindow(Process process) => _process = process;

    /// <summary>Where pictures of pages stay.</summary>
    public static string Pictures { get; } = Directory.CreateDirectory(Path.Combine(Repository.Root, "TestResults", "dashboard")).FullName;

    public static BrowserWindow Open() => new(Chromium.Start("look.mjs", Pictures));

    /// <summary>Goes to an address, or stays where it is, and waits for a text; whatever is wrong with the page fails the test.</summary>
    /// <param name="visit">As look.mjs takes it.</param>
    public async Task VisitAsync(object visit)
    {
        await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(visit));
        await _process.StandardInput.FlushAsync();
        var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(Patience);
        Assert.True(line is not null, line is null ? await _process.StandardError.ReadToEndAsync() : "");
        var found = JsonNode.Parse(line!)!;
        Assert.Equal((found["name"]!.ToString(), "[]"), (found["name"]!.ToString(), found["problems"]!.ToJsonString()));
    }

    public async ValueTask DisposeAsync() => await Chromium.EndAsync(_process);
}
