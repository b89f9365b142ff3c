using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Protos;

namespace Trainer.Cli.Output;

/// <summary>Says each thing once, in the form that was asked for: text, or JSON with one document a line.</summary>
internal sealed class Printer(Shell shell, bool json)
{
    public bool Json { get; } = json;

    public Shell Shell { get; } = shell;

    public static Printer Of(ParseResult parsed, Shell shell) => new(shell, OutputOption.IsJson(parsed));

    /// <summary>Columns to lay text out for; null: no limit.</summary>
    public int? Width => Shell.Width;

    /// <param name="text">Laid out for <see cref="Width"/>.</param>
    public void Print(Func<JsonNode> json, Func<string> text) => Shell.Out.WriteLine(Json ? ProtoJson.Line(json()) : text());

    /// <param name="sentence">Broken into lines here.</param>
    public void Say(Func<JsonNode> json, Func<string> sentence) => Print(json, () => Paragraph.Wrap(sentence(), Width));

    /// <summary>What happens meanwhile: for people only, so it does not get into a script's JSON.</summary>
    public void Tell(string text)
    {
        if (Json)
        {
            Warn(text);
        }
        else
        {
            Shell.Out.WriteLine(Paragraph.Wrap(text, Width));
        }
    }

    /// <summary>Goes to the error stream in both forms.</summary>
    public void Warn(string text) => Shell.Error.WriteLine(Paragraph.Wrap(text, Shell.ErrorWidth));
}
