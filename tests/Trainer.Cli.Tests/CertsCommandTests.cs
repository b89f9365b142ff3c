using Trainer.Cli.Tests.Fakes;
using Trainer.Hosting.Certificates;

namespace Trainer.Cli.Tests;

/// <summary>trainer certs create, and the options that take what it makes.</summary>
public sealed class CertsCommandTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task An_authority_and_a_certificate_for_each_role_appear_for_this_user_alone()
    {
        var made = await RunAsync("certs", "create", "--to", _home["certs"], "--host", "trainer.example.com", "--host", "*.worker.trainer.svc", "--days", "30", "-o", "json");

        Assert.Equal(0, made.ExitCode);
        Assert.Equal(
            ["ca.pem", "ca.key", "coordinator.pem", "coordinator.key", "node.pem", "node.key"], made.JsonLines.Single()["files"]!.AsArray().Select(name => (string?)name));
        Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(_home["certs"]));
        Assert.All(Directory.GetFiles(_home["certs"]), file => Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode(file)));
        var certificate = CertificateFiles.Certificates(Path.Combine(_home["certs"], "node.pem"))[0];
        Assert.Equal(PeerRoles.Node, PeerRoles.Of(certificate));
        Assert.All(["localhost", "trainer.example.com", "worker-7.worker.trainer.svc", "127.0.0.1"], (string host) => Assert.True(certificate.MatchesHostname(host)));
        Assert.InRange(certificate.NotAfter, TimeProvider.System.GetLocalNow().DateTime.AddDays(29), TimeProvider.System.GetLocalNow().DateTime.AddDays(31));
    }

    [Fact]
    public async Task What_is_there_stays_without_force_and_an_authority_can_be_used_again()
    {
        var first = await RunAsync("certs", "create", "--to", _home["certs"]);
        var again = await RunAsync("certs", "create", "--to", _home["certs"]);
        var authority = File.ReadAllText(Path.Combine(_home["certs"], "ca.pem"));
        var node = File.ReadAllText(Path.Combine(_home["certs"], "node.pem"));
        var renewed = await RunAsync("certs", "create", "--to", _home["certs"], "--from", _home["certs"], "--force");

        Assert.StartsWith($"{_home["certs"]}, valid until ", first.Output);
        Assert.Equal(2, again.ExitCode);
        Assert.StartsWith($"{Path.Combine(_home["certs"], "ca.pem")} is there already.\n", again.Errors);
        Assert.Equal(0, renewed.ExitCode);
        Assert.Equal(authority, File.ReadAllText(Path.Combine(_home["certs"], "ca.pem")));
        Assert.NotEqual(node, File.ReadAllText(Path.Combine(_home["certs"], "node.pem")));
    }

    [Fact]
    public async Task An_authority_that_has_expired_issues_nothing()
    {
        var made = TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(20);
        Directory.CreateDirectory(_home["certs"], (UnixFileMode)0b111_000_000);
        using var authority = CertificateAuthority.Create(made, TimeSpan.FromDays(10));
        CertificateFolder.Write(_home["certs"], authority, [], made, TimeSpan.FromDays(10), withKey: true);
        var node = File.ReadAllText(Path.Combine(_home["certs"], "node.pem"));

        var renewed = await RunAsync("certs", "create", "--to", _home["certs"], "--from", _home["certs"], "--force");

        Assert.Equal(2, renewed.ExitCode);
        Assert.Equal(
            $"The authority in {_home["certs"]} expired on {made.AddDays(10).UtcDateTime:yyyy-MM-dd}: nobody would trust what it issues.\n"
            + "Leave --from away for a new authority; how a cluster changes to it is in docs/security.md.\n",
            renewed.Errors);
        Assert.Equal(node, File.ReadAllText(Path.Combine(_home["certs"], "node.pem")));
    }

    [Theory]
    [InlineData("certs create --to certs --host a:5", "--host: expected a name or an address, without a port, got 'a:5'.\nSee: trainer certs create --help\n")]
    [InlineData("certs create --to certs --days 0", "--days must be 1 to 3650, got 0.\nSee: trainer certs create --help\n")]
    [InlineData("node --seed a:1 --certificate x", "--certificate, --key and --ca belong together, and only some of them are given.\nMake them with: trainer certs create --to FOLDER\n")]
    [InlineData("jobs --endpoint http://127.0.0.1:7 --ca x", "--ca is for a cluster that speaks TLS, and http://127.0.0.1:7 is in clear.\nGive its address with https, if it has certificates: --endpoint https://127.0.0.1:7\n")]
    public async Task What_is_wrong_is_said(string arguments, string errors)
    {
        var run = await RunAsync(arguments.Split(' '));

        Assert.Equal((2, errors), (run.ExitCode, run.Errors));
    }

    [Fact]
    public async Task A_context_keeps_the_authority()
    {
        await RunAsync("context", "add", "lab", "--endpoint", "https://127.0.0.1:7", "--ca", _home["ca.pem"]);
        await RunAsync("context", "use", "lab");

        var jobs = await RunAsync("jobs");

        Assert.Equal(1, jobs.ExitCode);
        Assert.Contains(_home["ca.pem"], jobs.Errors, StringComparison.Ordinal); // which is not there
    }

    private Task<CommandRun> RunAsync(params string[] arguments) => CommandRun.InAsync(_home.Path, arguments);
}
