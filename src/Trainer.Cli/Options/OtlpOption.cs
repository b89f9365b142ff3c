using System.CommandLine;
using Trainer.Cli.Errors;
using Trainer.Hosting.Traces;

namespace Trainer.Cli.Options;

/// <summary>--otlp: where a process sends the spans of jobs.</summary>
internal static class OtlpOption
{
    public const string Name = "--otlp";

    public static Option<Uri?> Create() => new(Name)
    {
        Description = "Where spans of jobs go by OTLP: a collector, Tempo, Jaeger. Port 4317 is taken for gRPC, others for HTTP. Headers, certificates and timeouts: OTEL_EXPORTER_OTLP_*. Default: nowhere.",
        HelpName = "URL",
        CustomParser = HttpAddress.ParseBase,
    };

    /// <summary>Null: it is not given.</summary>
    /// <param name="environment">Variables by name.</param>
    /// <exception cref="CliException">OpenTelemetry's variables say what cannot be done.</exception>
    public static OtlpTarget? Read(Uri? address, Func<string, string?> environment)
    {
        try
        {
            return address is null ? null : OtlpTarget.Of(address, environment);
        }
        catch (ArgumentException e)
        {
            throw new CliException(e.Message, ExitCode.Usage);
        }
    }
}
