using System.Diagnostics;
using System.Text.Json;

namespace Trainer.Cluster.Tests.Rehearsal;

/// <summary>trainer submit --follow in the client's pod, and what it has said of the job so far.</summary>
internal sealed class Follower : IDisposable
{
    private readonly Process _process;
    private readonly List<string> _other = [];
    private volatile Said _last = new(default);

    public Follower(RehearsalCluster cluster, string jobFile, string text)
    {
        cluster.Give(jobFile, text);
        _process = cluster.Client(Hear, "submit", $"/client/{jobFile}", "--follow", "--output", "json");
    }

    /// <summary>The last committed step that it was told of.</summary>
    public ulong Step => _last.Job is { ValueKind: JsonValueKind.Object } job && job.TryGetProperty("step", out var step) ? step.GetUInt64() : 0;

    public string Last => $"{_last.Job}\n{string.Join('\n', _other)}";

    public bool HasEnded => _process.HasExited;

    /// <summary>The weights' hash, of a job that has succeeded.</summary>
    public async Task<string> WeightsAsync(RehearsalCluster cluster)
    {
        await cluster.UntilAsync($"the job has ended: {Last}", () => _process.HasExited);
        await _process.WaitForExitAsync(); // All that it said has been heard.
        Assert.True(_process.ExitCode == 0, $"submit --follow: exit code {_process.ExitCode}\n{Last}\n{cluster.Log()}");
        return _last.Job.GetProperty("weights_sha256").GetString()!;
    }

    public void Dispose()
    {
        if (!_process.HasExited && Machine.FirstProcessOf(_process) is { } first)
        {
            Chaos.Signals.Kill(first);
        }

        _process.Dispose();
    }

    private void Hear(string line)
    {
        if (line.StartsWith('{') && JsonDocument.Parse(line).RootElement is var said && said.TryGetProperty("state", out _))
        {
            _last = new Said(said);
        }
        else if (line.Length > 0)
        {
            _other.Add(line);
        }
    }

    private sealed record Said(JsonElement Job);
}
