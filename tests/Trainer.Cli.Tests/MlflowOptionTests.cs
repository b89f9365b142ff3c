using Trainer.Cli.Tests.Fakes;

namespace Trainer.Cli.Tests;

/// <summary>What is refused of --mlflow before anything is started.</summary>
public sealed class MlflowOptionTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData("--mlflow-token-file and --mlflow-experiment say nothing without --mlflow.\n", "--mlflow-experiment", "vision")]
    [InlineData("The token cannot be read: Could not find a part of the path '/nowhere/token'.\n", "--mlflow", "http://127.0.0.1:9", "--mlflow-token-file", "/nowhere/token")]
    [InlineData("--mlflow-experiment: expected a name, got nothing.\n", "--mlflow", "http://127.0.0.1:9", "--mlflow-experiment", " ")]
    [InlineData("Expected an address like http://HOST:PORT/PATH or https://HOST/PATH, without a user or a query, got 'https://host/x?tenant=3'.\n", "--mlflow", "https://host/x?tenant=3")]
    public async Task Half_of_it_is_refused(string error, params string[] given)
    {
        var run = await CommandRun.InAsync(_home.Path, ["coordinator", "--insecure", "--artifacts", _home["jobs"], "--store", _home["store"], .. given]);
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith(error.TrimEnd('\n'), run.Errors);
        Assert.False(Directory.Exists(_home["store"]));
    }
}
