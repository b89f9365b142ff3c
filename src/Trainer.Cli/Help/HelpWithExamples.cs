using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Trainer.Cli.Errors;
using Trainer.Cli.Home;
using Trainer.Cli.Output;

namespace Trainer.Cli.Help;

/// <summary>System.CommandLine's help, followed by examples, and for the tool itself by what its exit codes mean.</summary>
/// <param name="width">Columns of the terminal; null: no limit.</param>
internal sealed class HelpWithExamples(HelpAction help, int? width) : SynchronousCommandLineAction
{
    private static readonly string[] FirstSteps = ["trainer up --detach", "trainer submit examples/lenet-fashion-mnist.yaml --follow", "trainer down"];

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        help.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        var command = parseResult.CommandResult.Command;
        if (command is TrainerCommand { Examples: { Count: > 0 } examples })
        {
            Section(output, "Examples:", Commands(examples));
        }

        if (command is RootCommand)
        {
            Section(output, "Examples:", Commands(FirstSteps));
            Section(output, "Exit codes:", Facts.Render(ExitCode.All.Select(code => ($"{code.Code}", code.Meaning)), width));
            Section(output, "Environment:", Facts.Render(LocalFolders.Variables, width));
        }
        return 0;
    }

    private static void Section(TextWriter output, string title, string text)
    {
        output.WriteLine(title);
        output.WriteLine(text);
        output.WriteLine();
    }

    private string Commands(IEnumerable<string> commands) => string.Join(Environment.NewLine, commands.SelectMany(Continued));

    /// <summary>A command in lines as a shell takes them: all but the last end in a backslash.</summary>
    private IEnumerable<string> Continued(string command)
    {
        const string Indent = "  ";
        const string More = " \\";
        if (Indent.Length + command.Length <= (width ?? int.MaxValue))
        {
            return [Indent + command];
        }

        var lines = Paragraph.Fill(command, width!.Value - Indent.Length - More.Length, hanging: "    ");
        return lines.Select((line, number) => Indent + line + (number < lines.Count - 1 ? More : ""));
    }
}
