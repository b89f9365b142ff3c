using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Trainer.Cli.Output;

/// <summary>Says each thing once, in the form that was asked for: text, or JSON with one document a line.</summary>
internal sealed class Printer(Shell shell, bool json)
{
    private static readonly JsonSerializerOptions OneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public bool Json { get; } = json;

    public Shell Shell { get; } = shell;

    public static Printer Of(ParseResult parsed, Shell shell) => new(shell, OutputOption.IsJson(parsed));

    public static string Line(JsonNode node) => node.ToJsonString(OneLine);

    public void Print(Func<JsonNode> json, Func<string> text) => Shell.Out.WriteLine(Json ? Line(json()) : text());

    /// <summary>What happens meanwhile: for people only, so it does not get into a script's JSON.</summary>
    public void Tell(string text) => (Json ? Shell.Error : Shell.Out).WriteLine(text);

    /// <summary>Goes to the error stream in both forms.</summary>
    public void Warn(string text) => Shell.Error.WriteLine(text);
}
