using Trainer.Cli.Tests.Fakes;

namespace Trainer.Cli.Tests;

/// <summary>What is refused of --otlp before anything is started.</summary>
public sealed class OtlpOptionTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData("ftp://collector")]
    [InlineData("collector:4318")]
    [InlineData("https://ann:secret@collector")]
    [InlineData("https://collector/?tenant=3")]
    public async Task An_address_that_is_none_is_refused_by_all_processes(string address)
    {
        foreach (var command in new[] { Coordinator, ["node", "--run-folder", _home["run"]], ["up", "--run-folder", _home["run"]] })
        {
            var run = await CommandRun.InAsync(_home.Path, [.. command, "--otlp", address]);
            Assert.Equal(2, run.ExitCode);
            Assert.StartsWith($"Expected an address like http://HOST:PORT/PATH or https://HOST/PATH, without a user or a query, got '{address}'.", run.Errors);
        }
    }

    [Fact]
    public async Task A_protocol_that_is_not_spoken_is_refused()
    {
        var run = await CommandRun.InAsync(_home.Path, new Dictionary<string, string> { ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/json" }, [.. Coordinator, "--otlp", "http://127.0.0.1:9"]);
        Assert.Equal((2, "OTEL_EXPORTER_OTLP_PROTOCOL: expected grpc or http/protobuf, got 'http/json'."), (run.ExitCode, run.Errors.Split('\n')[0]));
        Assert.False(Directory.Exists(_home["store"]));
    }

    private string[] Coordinator => ["coordinator", "--insecure", "--artifacts", _home["jobs"], "--store", _home["store"]];
}
