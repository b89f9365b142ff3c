using System.CommandLine;
using System.CommandLine.Parsing;
using Trainer.Hosting.Traces;

namespace Trainer.Cli.Options;

/// <summary>--trace-link: where people look at traces, for the dashboard to link to.</summary>
internal static class TraceLinkOption
{
    public const string Name = "--trace-link";

    private const string Example = "https://grafana.example.com/trace/" + TraceIds.Place;

    public static Option<string?> Create() => new(Name)
    {
        Description = $"Where a job's trace is shown, with {TraceIds.Place} where its id goes: the dashboard links to it. Tempo by Grafana, Jaeger: docs/tracing.md.",
        HelpName = "URL",
        CustomParser = Parse,
    };

    /// <summary>As the process that is started takes them.</summary>
    public static IReadOnlyList<string> Arguments(string? link) => link is null ? [] : [Name, link];

    // A browser goes there: by nothing but HTTP.
    private static string? Parse(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (text.Contains(TraceIds.Place, StringComparison.Ordinal)
            && Uri.TryCreate(text.Replace(TraceIds.Place, "0", StringComparison.Ordinal), UriKind.Absolute, out var address) && address is { Scheme: "http" or "https", UserInfo.Length: 0 })
        {
            return text;
        }

        result.AddError($"Expected an address with {TraceIds.Place} in it, like {Example}, without a user, got '{text}'.");
        return null;
    }
}
