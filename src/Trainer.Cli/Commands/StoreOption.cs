using System.CommandLine;
using Trainer.Cli.Errors;
using Trainer.Cli.Output;
using Trainer.Coordinator.Store;

namespace Trainer.Cli.Commands;

/// <summary>Where a coordinator's store is: --store, or, where that would show a password to everybody on the machine, a variable.</summary>
internal static class StoreOption
{
    private const string Name = "--store";
    private const string Variable = "TRAINER_STORE";

    public static Option<string?> Create(Shell shell) => new(Name)
    {
        Description = $"The database of jobs: a folder for SQLite's, or postgres://USER@HOST:PORT/DATABASE. With a password: in {Variable} instead.",
        HelpName = "FOLDER",
        Required = OfEnvironment(shell) is null,
    };

    /// <exception cref="CliException">It is no address, or shows a password.</exception>
    public static StoreAddress Read(string? given, Shell shell)
    {
        var name = given is null ? Variable : Name;
        try
        {
            var address = StoreAddress.Parse(given ?? OfEnvironment(shell) ?? throw new FormatException($"expected {StoreAddress.Expected}, got nothing"));
            return given is null || !address.HasPassword ? address : throw new CliException(
                $"{Name} has a password in it, which every user of this machine can read there.", ExitCode.Usage, $"Give the address in {Variable} instead.");
        }
        catch (FormatException e)
        {
            throw new CliException($"{name}: {e.Message}.", ExitCode.Usage);
        }
    }

    private static string? OfEnvironment(Shell shell) => shell.Environment(Variable) is { Length: > 0 } text ? text : null;
}
