using OpenTelemetry.Exporter;

namespace Trainer.Hosting.Traces;

/// <summary>Where spans go: a collector, Tempo, Jaeger or whoever else takes OTLP.</summary>
/// <param name="Address">http://collector:4318, or with a path; for gRPC http://collector:4317.</param>
/// <param name="IsGrpc">Else HTTP with protobuf.</param>
public sealed record OtlpTarget(Uri Address, bool IsGrpc)
{
    /// <summary>What OpenTelemetry's packages speak unless the port says more.</summary>
    public const string ProtocolVariable = "OTEL_EXPORTER_OTLP_PROTOCOL";

    private const string HeadersVariable = "OTEL_EXPORTER_OTLP_HEADERS";

    private const string DelayVariable = "OTEL_BSP_SCHEDULE_DELAY";

    /// <summary>The port that IANA has for OTLP over gRPC; 4318 is that over HTTP.</summary>
    private const int GrpcPort = 4317;

    private const string TracesPath = "/v1/traces";

    /// <summary>Spans wait so long for others to go with; null: as OpenTelemetry's variable says. A process that is killed takes what waits with it.</summary>
    public int? DelayMilliseconds { get; init; } = 1000;

    /// <summary>Where spans are sent.</summary>
    public Uri Endpoint
    {
        get
        {
            var path = Address.AbsolutePath.TrimEnd('/');
            return IsGrpc || path.EndsWith(TracesPath, StringComparison.Ordinal)
                ? Address
                : new UriBuilder(Address) { Path = path + TracesPath }.Uri; // As OTEL_EXPORTER_OTLP_ENDPOINT is meant: each kind of telemetry has a path below it.
        }
    }

    /// <param name="environment">Variables by name.</param>
    /// <exception cref="ArgumentException">They ask for a protocol that cannot be spoken, or for headers that are none.</exception>
    public static OtlpTarget Of(Uri address, Func<string, string?> environment)
    {
        var isGrpc = environment(ProtocolVariable) switch
        {
            null or "" => address.Port == GrpcPort,
            "grpc" => true,
            "http/protobuf" => false,
            var other => throw new ArgumentException($"{ProtocolVariable}: expected grpc or http/protobuf, got '{other}'."),
        };
        if (environment(HeadersVariable) is { Length: > 0 } headers && headers.Split(',').Any(header => header.Length > 0 && header.IndexOf('=', StringComparison.Ordinal) < 1))
        {
            throw new ArgumentException($"{HeadersVariable}: expected NAME=VALUE, several with commas between them, got something else, which is not shown since it may be secret."); // Such as: authorization=Bearer%20TOKEN
        }

        var target = new OtlpTarget(address, isGrpc);
        return environment(DelayVariable) is { Length: > 0 } ? target with { DelayMilliseconds = null } : target;
    }

    // The constructor reads OTEL_EXPORTER_OTLP_*: headers, timeout, compression, certificates.
    internal OtlpExporterOptions ToOptions() => new() { Protocol = IsGrpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf, Endpoint = Endpoint };
}
