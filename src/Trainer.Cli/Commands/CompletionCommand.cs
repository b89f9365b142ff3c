using System.CommandLine;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Output;

namespace Trainer.Cli.Commands;

/// <summary>trainer completion SHELL: a script that lets a shell ask this program how a command line goes on.</summary>
internal static class CompletionCommand
{
    /// <summary>The words that may follow, one a line, are what the [suggest:POSITION] directive prints for a command line.</summary>
    private const string Bash = """
        _trainer() {
          local typed=${COMP_LINE:0:COMP_POINT} word=${COMP_WORDS[COMP_CWORD]} found IFS=$'\n'
          typed="trainer ${typed#* }"
          found=$("${COMP_WORDS[0]}" "[suggest:${#typed}]" "$typed" 2>/dev/null)
          [[ $word == -* ]] || found=$(grep -v '^[-/]' <<<"$found")
          COMPREPLY=($(compgen -W "$found" -- "$word"))
        }
        complete -o default -F _trainer trainer
        """;

    private const string Zsh = """
        #compdef trainer
        _trainer() {
          local typed="trainer ${(j: :)words[2,CURRENT]}"
          local -a found=("${(@f)$(${words[1]} "[suggest:${#typed}]" "$typed" 2>/dev/null)}")
          [[ $words[CURRENT] == -* ]] || found=(${found:#[-/]*})
          compadd -- ${found:#} || _files
        }
        compdef _trainer trainer
        """;

    private const string Fish = """
        function __trainer_complete
          set -l typed (commandline -cp)
          trainer "[suggest:"(string length -- "$typed")"]" "$typed" 2>/dev/null | string match --invert --regex '^/'
        end
        complete -c trainer -a "(__trainer_complete)"
        """;

    public static Command Create(Shell shell)
    {
        var name = new Argument<string>("SHELL") { Description = "bash, zsh or fish." };
        name.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new TrainerCommand("completion", "Prints a script that completes commands in a shell.")
        {
            Examples = ["trainer completion bash", "trainer completion zsh", "trainer completion fish"],
            Arguments = { name },
        };
        command.SetAction(parsed =>
        {
            shell.Out.WriteLine(parsed.GetValue(name) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish });
            return ExitCode.Ok;
        });
        return command;
    }
}
