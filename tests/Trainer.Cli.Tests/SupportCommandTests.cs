using System.Formats.Tar;
using System.IO.Compression;
using Trainer.Cli.Support;
using Trainer.Cli.Tests.Fakes;
using Trainer.Protos;

namespace Trainer.Cli.Tests;

/// <summary>trainer support: everything of a job in one archive, and no secret.</summary>
public sealed class SupportCommandTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task All_of_a_job_is_in_one_archive_and_no_secret()
    {
        var api = new FakeApi { Jobs = { SampleJobs.Failed }, Workers = { new Worker { Name = "worker-1" } } };
        await using var cluster = await FakeCluster.StartAsync(api, _home.Path);
        api.Jobs[0].Notes = $"the token is {cluster.Token}";
        api.Logs = (_, stream) => stream.WriteAsync(new LogEntry { Sequence = 1, Source = "worker-1", Message = "postgres://ann:hunter2@db/jobs fails; authorization: Bearer abc.def-ghi" });

        var run = await CommandRun.InAsync(_home.Path, "support", SampleJobs.Id, "--to", _home["it.tar.gz"]);
        var again = await CommandRun.InAsync(_home.Path, "support", SampleJobs.Id, "--to", _home["it.tar.gz"]);

        Assert.True(run.ExitCode == 0, run.Errors);
        var texts = Read(_home["it.tar.gz"]);
        Assert.Superset(
            new HashSet<string>(["versions.txt", "job.json", "journal.json", "log.json", "metrics.json", "checkpoints.json", "workers.json", "processes/coordinator/threads.txt", "notes.txt"]),
            texts.Keys.ToHashSet());
        Assert.Contains("the token is [left out]", texts["job.json"]);
        Assert.Contains("postgres://ann:[left out]@db/jobs fails; authorization: Bearer [left out]", texts["log.json"]);
        Assert.Contains("worker-1", texts["workers.json"]);
        Assert.Contains("stacks of managed code: ", texts["notes.txt"]);
        foreach (var secret in new[] { cluster.Token, "hunter2", "abc.def-ghi" })
        {
            Assert.All(texts, text => Assert.DoesNotContain(secret, text.Value));
        }

        Assert.Equal((1, $"{_home["it.tar.gz"]} is there already.\nReplace it with --force, or give another file with --to.\n"), (again.ExitCode, again.Errors));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_home["it.tar.gz"]));
        Assert.Equal([_home["it.tar.gz"]], Directory.GetFiles(_home.Path, "it*"));
    }

    [Fact]
    public async Task Of_a_job_that_is_not_there_nothing_is_written()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeApi(), _home.Path);
        var run = await CommandRun.InAsync(_home.Path, "support", "none", "--to", _home["it.tar.gz"]);
        Assert.Equal((1, "There is no job 'none'.\n"), (run.ExitCode, run.Errors));
        Assert.Empty(Directory.GetFiles(_home.Path, "it*"));
    }

    [Theory]
    [InlineData("AWS_SECRET_ACCESS_KEY=abcdefghij", "AWS_SECRET_ACCESS_KEY=[left out]")]
    [InlineData("{\"password\": \"abcdefghij\", \"steps\": 7}", "{\"password\": \"[left out]\", \"steps\": 7}")]
    [InlineData("https://host:8080/path is no secret", "https://host:8080/path is no secret")]
    [InlineData("known from the environment: wxyz-1234", "known from the environment: [left out]")]
    public void What_looks_like_a_secret_is_left_out(string text, string left) =>
        Assert.Equal(left, new Secrets([null], name => name == "AWS_SESSION_TOKEN" ? "wxyz-1234" : null).LeaveOut(text));

    private static Dictionary<string, string> Read(string file)
    {
        using var tar = new TarReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        while (tar.GetNextEntry(copyData: true) is { } entry)
        {
            texts[entry.Name[(entry.Name.IndexOf('/', StringComparison.Ordinal) + 1)..]] = entry.DataStream is { } content ? new StreamReader(content).ReadToEnd() : "";
        }

        return texts;
    }
}
