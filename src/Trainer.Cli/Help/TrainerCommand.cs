using System.CommandLine;

namespace Trainer.Cli.Help;

/// <summary>A command with examples, which its help shows last.</summary>
internal sealed class TrainerCommand(string name, string description) : Command(name, description)
{
    public IReadOnlyList<string> Examples { get; init; } = [];
}
