using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.RegularExpressions;
using Trainer.Cli.Errors;
using Trainer.Cli.Output;

namespace Trainer.Cli.Help;

/// <summary>What is wrong with a command line, in sentences.</summary>
internal static partial class UsageError
{
    public static CliException Of(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        string[] problems = [.. Missing(parsed, command), .. Unknown(parsed, command), .. Values(parsed)];
        return new CliException(
            string.Join(Environment.NewLine, problems.Distinct(StringComparer.Ordinal)), ExitCode.Usage, $"See: {string.Join(' ', Path(command))} --help");
    }

    private static IEnumerable<string> Missing(ParseResult parsed, Command command)
    {
        foreach (var argument in command.Arguments.Where(argument => argument.Arity.MinimumNumberOfValues > 0))
        {
            if (parsed.GetResult(argument) is null or { Tokens.Count: 0 })
            {
                yield return $"{argument.Name} is missing.";
            }
        }
        foreach (var option in command.Options.Where(option => option.Required && parsed.GetResult(option) is null or { Implicit: true }))
        {
            yield return $"{option.Name} {option.HelpName} is missing.";
        }

        if (command.Subcommands.Count > 0 && command.Action is null && parsed.UnmatchedTokens.Count == 0)
        {
            yield return $"{string.Join(' ', Path(command))} needs a command: {string.Join(", ", command.Subcommands.Select(child => child.Name))}.";
        }
    }

    /// <summary>Where a command's name is wrong, what follows it says nothing.</summary>
    private static IEnumerable<string> Unknown(ParseResult parsed, Command command) =>
        parsed.UnmatchedTokens.Take(command.Subcommands.Count > 0 ? 1 : int.MaxValue).Select(token => Unknown(token, command));

    private static string Unknown(string token, Command command)
    {
        var isOption = token.StartsWith('-');
        var known = isOption ? Options(command).SelectMany(option => option.Aliases.Append(option.Name)) : command.Subcommands.Select(child => child.Name);
        var what = isOption ? $"{string.Join(' ', Path(command))} has no option '{token}'."
            : command.Subcommands.Count > 0 ? $"There is no command '{string.Join(' ', Path(command).Skip(1).Append(token))}'."
            : $"'{token}' is one argument too many.";
        return Similar.To(token, known) is { } meant ? $"{what} Did you mean '{meant}'?" : what;
    }

    /// <summary>Values that options and arguments cannot have.</summary>
    private static IEnumerable<string> Values(ParseResult parsed)
    {
        foreach (var error in parsed.Errors)
        {
            var option = error.SymbolResult as OptionResult ?? error.SymbolResult?.Parent as OptionResult;
            if (option is { Tokens: [], IdentifierToken: not null } && option.Option.Arity.MinimumNumberOfValues > 0)
            {
                yield return $"{option.Option.Name} needs a value{(option.Option.HelpName is { } name ? $": {option.Option.Name} {name}" : "")}.";
            }
            else if (option is { Tokens: [var token] } && IsWholeNumber(option.Option.ValueType) && !int.TryParse(token.Value, CultureInfo.InvariantCulture, out _))
            {
                yield return $"{option.Option.Name}: expected a whole number, got '{token.Value}'.";
            }
            else if (NotAmong().Match(error.Message) is { Success: true } match)
            {
                yield return $"{NameOf(error.SymbolResult)}: expected {Choices(match)}, got '{match.Groups["got"].Value}'.";
            }
            else if (!IsSaidAlready(error))
            {
                yield return error.Message;
            }
        }
    }

    /// <summary>What is said above in better words.</summary>
    private static bool IsSaidAlready(ParseError error) =>
        error.Message.StartsWith("Required ", StringComparison.Ordinal)
        || error.Message.StartsWith("Unrecognized command or argument", StringComparison.Ordinal)
        || error.Message.EndsWith(" is required.", StringComparison.Ordinal);

    private static string Choices(Match match) =>
        Words.Or([.. match.Groups["choice"].Captures.Select(choice => choice.Value)]);

    private static string NameOf(SymbolResult? result) => result switch
    {
        OptionResult option => option.Option.Name,
        ArgumentResult { Parent: OptionResult option } => option.Option.Name,
        ArgumentResult argument => argument.Argument.Name,
        _ => "",
    };

    private static bool IsWholeNumber(Type type) => (Nullable.GetUnderlyingType(type) ?? type) == typeof(int);

    private static IEnumerable<Option> Options(Command command) =>
        command.Options.Where(option => !option.Hidden).Concat(command.Parents.OfType<Command>().SelectMany(Options).Where(option => option.Recursive));

    private static IEnumerable<string> Path(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? Path(parent).Append(command.Name) : ["trainer"];

    [GeneratedRegex(@"^Argument '(?<got>[^']*)' not recognized\. Must be one of:(\s*'(?<choice>[^']*)')+\s*$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NotAmong();
}
