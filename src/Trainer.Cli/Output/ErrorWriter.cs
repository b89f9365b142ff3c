using System.Text.Json.Nodes;
using Trainer.Cli.Errors;
using Trainer.Protos;

namespace Trainer.Cli.Output;

/// <summary>Errors go to the error stream: sentences for people, one JSON object for scripts.</summary>
/// <param name="width">Columns to lay sentences out for; null: no limit.</param>
internal sealed class ErrorWriter(TextWriter error, bool json, int? width)
{
    public int Write(CliException wrong)
    {
        error.WriteLine(json ? ProtoJson.Line(ToJson(wrong)) : Paragraph.Wrap(ToText(wrong), width));
        return wrong.ExitCode;
    }

    private static string ToText(CliException wrong)
    {
        // A violation alone may be all that the message says.
        var faults = wrong.Violations.Select(fault => $"{fault}").Where(fault => fault != wrong.Message);
        string?[] lines = [wrong.Message, .. faults.Select(fault => $"  {fault}"), wrong.Remedy];
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
}
