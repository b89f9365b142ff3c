using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace Trainer.Hosting.Certificates;

/// <summary>
/// A process's certificate and whom it trusts, as the files say now: each handshake asks for them, so that certificates are exchanged by exchanging files. Files that do
/// not fit together, as between the exchange of one and of the next, leave all as it was.
/// </summary>
public sealed class ProcessCertificates : IDisposable
{
    /// <summary>How often the files are looked at where no handshake does.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan WarnBefore = TimeSpan.FromDays(14);

    private readonly CertificateFiles _files;
    private readonly string _role;
    private readonly ILogger _logger;
    private readonly CertificateGauges _gauges;
    private readonly Timer _looking;
    private readonly Lock _lock = new();
    private byte[][] _bytes;
    private volatile Handshakes _now;
    private string _lastTold = "";
    private DateTime _endTold;

    private ProcessCertificates(CertificateFiles files, string role, byte[][] bytes, Handshakes now, ILogger logger)
    {
        (_files, _role, _bytes, _now, _logger) = (files, role, bytes, now, logger);
        WarnOfEnd();
        _gauges = new CertificateGauges(this, () => _now.Set);
        _looking = new Timer(_ => Look(), null, LookEvery, LookEvery);
    }

    /// <param name="role">Of the process: its certificate must say the same.</param>
    /// <exception cref="IOException">The files are not there, do not fit together, say another role, or others may read the key.</exception>
    public static ProcessCertificates Load(CertificateFiles files, string role, ILogger logger)
    {
        var bytes = files.Read();
        return new ProcessCertificates(files, role, bytes, Prepare(files, bytes, role), logger);
    }

    /// <summary>For a member that takes a connection of another: it has to show a certificate of one of the roles.</summary>
    /// <param name="refused">Told why it is not let in.</param>
    public SslServerAuthenticationOptions ForMembers(IReadOnlyList<string> roles, Action<string> refused) => Now().ForMembers(roles, refused);

    /// <summary>For a member that connects to another.</summary>
    /// <param name="refused">Told why it is not talked to.</param>
    public SslClientAuthenticationOptions ToMember(IReadOnlyList<string> roles, Action<string> refused) => Now().ToMember(roles, refused);

    /// <summary>For clients, which show no certificate.</summary>
    public SslServerAuthenticationOptions ForClients() => Now().ForClients();

    /// <summary>For the process as its own client: it knows its own certificate, also the next one.</summary>
    public SslClientAuthenticationOptions ToSelf() => new()
    {
        RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null && shown.GetRawCertData().AsSpan().SequenceEqual(_now.Set.Own.RawDataMemory.Span),
    };

    /// <summary>Takes what the files hold now.</summary>
    internal void Look()
    {
        lock (_lock)
        {
            Now();
            WarnOfEnd();
        }
    }

    public void Dispose()
    {
        _looking.Dispose();
        _gauges.Dispose();
    }

    /// <summary>Three small files are read for it, which takes less than a handshake does by far.</summary>
    private Handshakes Now()
    {
        lock (_lock)
        {
            try
            {
                var bytes = _files.Read();
                if (bytes.Zip(_bytes).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second)))
                {
                    return _now;
                }

                _now = Prepare(_files, bytes, _role);
                (_bytes, _lastTold) = (bytes, "");
                _logger.LogInformation("Certificates were exchanged: {Subject}, valid until {End:u}.", _now.Set.Own.Subject, _now.Set.Own.NotAfter.ToUniversalTime());
                WarnOfEnd();
            }
            catch (IOException wrong)
            {
                WarnOfNew(wrong.Message);
            }

            return _now;
        }
    }

    /// <exception cref="IOException">The files do not fit together, say another role, or cannot be used in TLS.</exception>
    private static Handshakes Prepare(CertificateFiles files, byte[][] bytes, string role)
    {
        var set = files.Parse(bytes);
        var found = PeerRoles.Of(set.Own);
        if (found != role)
        {
            throw new IOException($"{files.Certificate} is the certificate of {(found is null ? "no role" : $"a {found}")}; this process is a {role} ({PeerRoles.UriOf(role)} among its alternative names).");
        }

        try
        {
            return new Handshakes(set);
        }
        catch (Exception wrong) when (wrong is CryptographicException or AuthenticationException or NotSupportedException)
        {
            throw new IOException($"{files.Certificate} cannot be used in TLS: {wrong.Message}", wrong);
        }
    }

    private void WarnOfEnd()
    {
        var end = new[] { _now.Set.Own.NotAfter, CertificateGauges.LastOf(_now.Set) }.Min().ToUniversalTime();
        if (end - TimeProvider.System.GetUtcNow().UtcDateTime < WarnBefore && end != _endTold)
        {
            _logger.LogWarning("The certificate {File} or its authority expires at {End:u}: exchange it before, or no process will talk to this one.", _files.Certificate, end);
            _endTold = end;
        }
    }

    private void WarnOfNew(string reason)
    {
        if (reason != _lastTold)
        {
            _logger.LogWarning("New certificates are not used, and those of before are: {Reason}", reason);
            _lastTold = reason;
        }
    }

    /// <summary>What handshakes begin with, made once for a set of certificates.</summary>
    private sealed class Handshakes(CertificateSet set)
    {
        private readonly SslStreamCertificateContext _context = SslStreamCertificateContext.Create(set.Own, set.Chain, offline: true);

        public CertificateSet Set => set;

        public SslServerAuthenticationOptions ForMembers(IReadOnlyList<string> roles, Action<string> refused) => new()
        {
            ServerCertificateContext = _context,
            ClientCertificateRequired = true,
            CertificateChainPolicy = CertificateRefusal.Policy(set.Authorities, ofServer: false),
            RemoteCertificateValidationCallback = (_, shown, chain, errors) => CertificateRefusal.Accepts(CertificateRefusal.OfMember(shown, chain, errors, roles), refused),
            EnabledSslProtocols = SslProtocols.Tls13,
            AllowTlsResume = false, // Each connection shows its certificate.
            AllowRenegotiation = false,
        };

        public SslClientAuthenticationOptions ToMember(IReadOnlyList<string> roles, Action<string> refused) => new()
        {
            TargetHost = "trainer", // Members are known by their roles.
            ClientCertificateContext = _context,
            CertificateChainPolicy = CertificateRefusal.Policy(set.Authorities, ofServer: true),
            RemoteCertificateValidationCallback = (_, shown, chain, errors) => CertificateRefusal.Accepts(CertificateRefusal.OfMember(shown, chain, errors, roles), refused),
            EnabledSslProtocols = SslProtocols.Tls13,
            AllowTlsResume = false,
            AllowRenegotiation = false,
        };

        public SslServerAuthenticationOptions ForClients() => new()
        {
            ServerCertificateContext = _context,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowRenegotiation = false,
        };
    }
}
