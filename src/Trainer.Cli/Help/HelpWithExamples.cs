using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Trainer.Cli.Errors;
using Trainer.Cli.Home;

namespace Trainer.Cli.Help;

/// <summary>System.CommandLine's help, followed by examples, and for the tool itself by what its exit codes mean.</summary>
internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        help.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        var command = parseResult.CommandResult.Command;
        if (command is TrainerCommand { Examples: { Count: > 0 } examples })
            Section(output, "Examples:", examples);
        if (command is RootCommand)
        {
            Section(output, "Examples:", ["trainer up --detach", "trainer submit examples/lenet-fashion-mnist.yaml --follow", "trainer down"]);
            Section(output, "Exit codes:", ExitCode.All.Select(code => $"{code.Code,-4} {code.Meaning}"));
            Section(output, "Environment:", LocalFolders.Variables);
        }
        return 0;
    }

    private static void Section(TextWriter output, string title, IEnumerable<string> lines)
    {
        output.WriteLine(title);
        foreach (var line in lines)
            output.WriteLine($"  {line}");
        output.WriteLine();
    }
}
