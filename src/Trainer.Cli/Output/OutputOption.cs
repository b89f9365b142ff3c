using System.CommandLine;

namespace Trainer.Cli.Output;

/// <summary>--output, which every command has.</summary>
internal static class OutputOption
{
    public static Option<string> Instance { get; } = Create();

    public static bool IsJson(ParseResult parsed) => parsed.GetResult(Instance) is { } result && !result.Errors.Any() && parsed.GetValue(Instance) == "json";

    private static Option<string> Create()
    {
        var output = new Option<string>("--output", "-o")
        {
            Description = "text for people, json for scripts.",
            HelpName = "text|json",
            Recursive = true,
            DefaultValueFactory = _ => "text",
        };
        return output.AcceptOnlyFromAmong("text", "json");
    }
}
