using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Errors;

namespace Trainer.Cli.Output;

/// <summary>Errors go to the error stream: sentences for people, one JSON object for scripts.</summary>
internal sealed class ErrorWriter(TextWriter error, bool json)
{
    public int Write(CliException wrong)
    {
        error.WriteLine(json ? Printer.Line(ToJson(wrong)) : ToText(wrong));
        return wrong.ExitCode;
    }

    public int Usage(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var path = string.Join(' ', CommandPath(command));
        var missing = command.Arguments.Where(argument => parsed.GetResult(argument) is null or { Tokens.Count: 0 });
        var others = parsed.Errors.Select(problem => problem.Message).Where(text => !text.StartsWith("Required argument missing", StringComparison.Ordinal));
        var problems = missing.Select(argument => $"{argument.Name} is missing.").Concat(others).Distinct(StringComparer.Ordinal);
        var message = string.Join(Environment.NewLine, problems);
        return Write(new CliException(message, ExitCode.Usage, $"See: {path} --help"));
    }

    private static string ToText(CliException wrong)
    {
        string?[] lines = [wrong.Message, .. wrong.Violations.Select(fault => $"  {fault}"), wrong.Remedy];
        return string.Join(Environment.NewLine, lines.Where(line => line is not null));
    }

    private static JsonObject ToJson(CliException wrong) => new()
    {
        ["error"] = wrong.Message,
        ["exit_code"] = wrong.ExitCode,
        ["remedy"] = wrong.Remedy,
        ["violations"] = new JsonArray([.. wrong.Violations.Select(fault => new JsonObject
        {
            ["field"] = fault.Field,
            ["description"] = fault.Description,
            ["place"] = fault.Place,
        })]),
    };

    private static IEnumerable<string> CommandPath(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? CommandPath(parent).Append(command.Name) : ["trainer"];
}
