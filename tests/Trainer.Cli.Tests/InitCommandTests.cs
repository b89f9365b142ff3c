using System.Text.Json.Nodes;
using Trainer.Cli.Tests.Fakes;
using Trainer.Protos;

namespace Trainer.Cli.Tests;

public sealed class InitCommandTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData("lenet")]
    [InlineData("resnet18")]
    public async Task Init_writes_a_job_file_that_can_be_read(string network)
    {
        var path = Path.Combine(_home.Path, "new.yaml");

        var run = await CommandRun.InAsync(_home.Path, "init", "--model", network, "--to", path);

        Assert.Equal(("", 0), (run.Errors, run.ExitCode));
        Assert.Equal(network, JobFile.Read(path).Model.Zoo);
    }

    [Fact]
    public async Task Init_overwrites_nothing_and_knows_the_zoo()
    {
        var path = Path.Combine(_home.Path, "mine.yaml");
        await File.WriteAllTextAsync(path, "precious", TestContext.Current.CancellationToken);

        var taken = await CommandRun.InAsync(_home.Path, "init", "--to", path);
        var unknown = await CommandRun.InAsync(_home.Path, "init", "--model", "lenot", "--to", path + "2");

        Assert.Contains("is there already.", taken.Errors, StringComparison.Ordinal);
        Assert.Equal((1, "precious"), (taken.ExitCode, await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken)));
        Assert.Equal("The zoo has no network 'lenot'.\nWhat it has: trainer models\n", unknown.Errors);
        Assert.Equal(2, unknown.ExitCode);
    }

    [Fact]
    public async Task Schema_prints_the_schema_of_job_files()
    {
        var run = await CommandRun.InAsync(_home.Path, "schema");

        Assert.Equal("Trainer job file", JsonNode.Parse(run.Output)!["title"]!.GetValue<string>());
    }
}
