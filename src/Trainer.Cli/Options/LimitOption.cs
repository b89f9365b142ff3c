using System.CommandLine;
using Trainer.Hosting.Limits;

namespace Trainer.Cli.Options;

/// <summary>--limit NAME=N: how much a process takes from others.</summary>
internal static class LimitOption
{
    public static Option<string[]> Create(IReadOnlyList<Limit> limits)
    {
        var option = new Option<string[]>("--limit")
        {
            Description = $"How much is taken from others; repeat it for several: {string.Join(", ", limits.Select(limit => $"{limit.Name}={limit.Usual}"))} by default. docs/security.md says what each is.",
            HelpName = "NAME=N",
            DefaultValueFactory = _ => [],
        };
        option.Validators.Add(given =>
        {
            try
            {
                _ = ProcessLimits.Parse(given.Tokens.Select(token => token.Value), limits);
            }
            catch (FormatException wrong)
            {
                given.AddError($"--limit: {wrong.Message}.");
            }
        });
        return option;
    }
}
