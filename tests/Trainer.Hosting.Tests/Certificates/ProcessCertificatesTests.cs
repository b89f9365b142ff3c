using System.Security.Cryptography.X509Certificates;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Run;
using Trainer.Hosting.Tests.Run;

namespace Trainer.Hosting.Tests.Certificates;

/// <summary>What a process may begin with, and what becomes of files that change.</summary>
public sealed class ProcessCertificatesTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public void A_certificate_says_its_role_and_hosts_and_ends_with_its_authority()
    {
        var issued = _certificates.Authority.Issue(PeerRoles.Node, ["worker-0", "10.0.0.7"], TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(1000));
        using var certificate = X509Certificate2.CreateFromPem(issued.Certificate, issued.Key);
        using var authority = X509Certificate2.CreateFromPem(_certificates.Authority.Certificate);

        Assert.Equal(PeerRoles.Node, PeerRoles.Of(certificate));
        Assert.True(certificate.MatchesHostname("worker-0"));
        Assert.True(certificate.MatchesHostname("10.0.0.7"));
        Assert.Equal(authority.NotAfter, certificate.NotAfter);
        Assert.Null(PeerRoles.Of(authority));
    }

    [Fact]
    public void A_key_that_others_may_read_is_refused()
    {
        var key = _certificates["node.key"];
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);

        Assert.Equal($"{key} is open to others (mode 604, expected 600); run: chmod 600 '{key}'.", Fault(PeerRoles.Node));
    }

    [Fact]
    public void A_key_behind_a_link_counts_as_it_is()
    {
        var (key, target) = (_certificates["node.key"], _certificates["elsewhere.key"]);
        File.Move(key, target);
        File.CreateSymbolicLink(key, target);
        _certificates.Load(PeerRoles.Node);
        File.SetUnixFileMode(target, UnixFileMode.UserRead | UnixFileMode.OtherRead);

        Assert.StartsWith($"{key} is open to others", Fault(PeerRoles.Node));
    }

    [Fact]
    public void Files_that_do_not_belong_together_are_named()
    {
        File.Copy(_certificates["node.pem"], _certificates["coordinator.pem"], overwrite: true);
        Assert.Equal($"{_certificates["coordinator.key"]} is not the private key (PEM, not encrypted) of the certificate {_certificates["coordinator.pem"]}.", Fault(PeerRoles.Coordinator));

        File.Copy(_certificates["node.key"], _certificates["coordinator.key"], overwrite: true);
        Assert.Equal(
            $"{_certificates["coordinator.pem"]} is the certificate of a node; this process is a coordinator (trainer://role/coordinator among its alternative names).", Fault(PeerRoles.Coordinator));

        File.WriteAllText(_certificates["ca.pem"], "none");
        Assert.Equal($"{_certificates["ca.pem"]} holds no certificate; expected PEM, which begins with -----BEGIN CERTIFICATE-----.", Fault(PeerRoles.Node));

        File.Delete(_certificates["node.key"]);
        Assert.Equal($"There is no file {_certificates["node.key"]}.", Fault(PeerRoles.Node));
    }

    [Fact]
    public void New_files_count_once_they_fit_together()
    {
        var told = new Lines();
        var process = _certificates.Load(PeerRoles.Node, told);
        var first = File.ReadAllText(_certificates["node.pem"]);
        process.Look();

        _certificates.Write(_certificates.Authority);
        var second = File.ReadAllText(_certificates["node.pem"]);
        File.WriteAllText(_certificates["node.pem"], first);
        process.Look();
        Assert.StartsWith("New certificates are not used, and those of before are: ", Assert.Single(told.Told));

        File.WriteAllText(_certificates["node.pem"], second);
        process.Look();
        process.Look();
        Assert.StartsWith("Certificates were exchanged: CN=trainer node, valid until ", told.Told[1]);
        Assert.Equal(2, told.Told.Count);
    }

    [Fact]
    public void A_new_certificate_of_another_role_is_not_used()
    {
        var told = new Lines();
        var process = _certificates.Load(PeerRoles.Coordinator, told);
        File.Copy(_certificates["node.pem"], _certificates["coordinator.pem"], overwrite: true);
        File.Copy(_certificates["node.key"], _certificates["coordinator.key"], overwrite: true);
        process.Look();

        Assert.StartsWith($"New certificates are not used, and those of before are: {_certificates["coordinator.pem"]} is the certificate of a node; ", Assert.Single(told.Told));
    }

    [Fact]
    public void A_run_folder_has_certificates_whose_authority_nobody_can_use_again()
    {
        using var folder = new TemporaryFolder();
        var run = RunFolder.OpenOrCreate(folder["run"]);

        Parallel.For(0, 8, i => ProcessCertificates.Load(RunFolderCertificates.OpenOrCreate(run, PeerRoles.Members[i % 2]), PeerRoles.Members[i % 2], Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance).Dispose());

        Assert.Equal(["ca.pem", "coordinator.key", "coordinator.pem", "node.key", "node.pem"], Directory.GetFiles(folder["run/certificates"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Empty(Directory.GetDirectories(folder["run"], "*.new"));
    }

    /// <summary>What was logged, but that certificates of a day expire soon.</summary>
    private sealed class Lines : ILogger
    {
        public List<string> Told { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (formatter(state, exception) is var line && !line.Contains("expires at", StringComparison.Ordinal))
            {
                Told.Add(line);
            }
        }
    }

    private string Fault(string role) => Assert.ThrowsAny<IOException>(() => _certificates.Load(role)).Message;
}
