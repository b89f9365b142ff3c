using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Trainer.Coordinator.Scheduling;

namespace Trainer.Cli.Options;

/// <summary>--quota and --default-quota: how many workers the jobs of a user may have together.</summary>
internal sealed class QuotaOptions
{
    private readonly Option<ImmutableSortedDictionary<string, uint>> _byUser = new("--quota")
    {
        Description = "Jobs of this creator have so many workers together at most. Repeat it for several.",
        HelpName = "USER=WORKERS",
        CustomParser = Parse,
        DefaultValueFactory = _ => Quotas.None.ByUser,
    };

    private readonly Option<int?> _default = new("--default-quota") { Description = "As --quota, for each creator that has none of its own. Default: no limit.", HelpName = "WORKERS" };

    public QuotaOptions() => _default.Validators.Add(Numbers.AtLeast(0));

    public void AddTo(Command command)
    {
        command.Options.Add(_byUser);
        command.Options.Add(_default);
    }

    public Quotas Read(ParseResult parsed) => new((uint?)parsed.GetValue(_default), parsed.GetValue(_byUser)!);

    private static ImmutableSortedDictionary<string, uint> Parse(ArgumentResult result)
    {
        var quotas = Quotas.None.ByUser;
        foreach (var text in result.Tokens.Select(token => token.Value))
        {
            var sign = text.LastIndexOf('=');
            if (sign <= 0 || !uint.TryParse(text[(sign + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var workers))
            {
                result.AddError($"--quota: expected USER=WORKERS, such as anna=4, got '{text}'.");
            }
            else if (quotas.ContainsKey(text[..sign]))
            {
                result.AddError($"--quota: {text[..sign]} is named twice.");
            }
            else
            {
                quotas = quotas.Add(text[..sign], workers);
            }
        }

        return quotas;
    }
}
