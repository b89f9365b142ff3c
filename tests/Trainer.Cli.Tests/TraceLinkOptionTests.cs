using Trainer.Cli.Tests.Fakes;

namespace Trainer.Cli.Tests;

/// <summary>What is refused of --trace-link before anything is started.</summary>
public sealed class TraceLinkOptionTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData("https://grafana.example.com/trace/")]
    [InlineData("grafana.example.com/{trace_id}")]
    [InlineData("javascript:alert('{trace_id}')")]
    [InlineData("https://ann:secret@grafana.example.com/{trace_id}")]
    public async Task An_address_that_leads_to_no_trace_is_refused(string address)
    {
        foreach (var command in new string[][] { ["coordinator", "--insecure", "--artifacts", _home["jobs"], "--store", _home["store"]], ["up", "--run-folder", _home["run"]] })
        {
            var run = await CommandRun.InAsync(_home.Path, [.. command, "--trace-link", address]);
            Assert.Equal(2, run.ExitCode);
            Assert.StartsWith($"Expected an address with {{trace_id}} in it, like https://grafana.example.com/trace/{{trace_id}}, without a user, got '{address}'.", run.Errors);
        }
    }
}
