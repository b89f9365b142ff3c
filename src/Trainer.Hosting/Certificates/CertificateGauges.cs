using System.Diagnostics.Metrics;
using Trainer.Hosting.Metrics;

namespace Trainer.Hosting.Certificates;

/// <summary>When a process's certificate ends, and when the last of the authorities that it trusts does.</summary>
internal sealed class CertificateGauges : IDisposable
{
    private readonly Meter _meter;

    public CertificateGauges(object owner, Func<CertificateSet> now)
    {
        _meter = MetricCatalog.MeterOf(owner);
        _meter.ObserveEach<double>(MetricCatalog.CertificateNotAfter, () => [Measure(now().Own.NotAfter, "own"), Measure(LastOf(now()), "authority")]);
    }

    public static DateTime LastOf(CertificateSet set) => set.Authorities.Max(authority => authority.NotAfter);

    public void Dispose() => _meter.Dispose();

    private static Measurement<double> Measure(DateTime end, string certificate) =>
        new(new DateTimeOffset(end).ToUnixTimeSeconds(), new KeyValuePair<string, object?>("certificate", certificate));
}
