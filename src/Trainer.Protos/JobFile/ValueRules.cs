using System.Globalization;
using System.Text.RegularExpressions;

namespace Trainer.Protos;

/// <summary>What a <see cref="Rule"/> demands of one value. Each check returns what is wrong, or null.</summary>
internal static class ValueRules
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <param name="written">The number as it is shown.</param>
    public static string? Number(Rule rule, double value, string written) => value switch
    {
        _ when !double.IsFinite(value) => $"must be a finite number, got {written}",
        _ when rule is { HasMin: true, ExclusiveMin: true } && value <= rule.Min => $"must be greater than {Text(rule.Min)}, got {written}",
        _ when rule.HasMin && value < rule.Min => $"must be at least {Text(rule.Min)}, got {written}",
        _ when rule is { HasMax: true, ExclusiveMax: true } && value >= rule.Max => $"must be less than {Text(rule.Max)}, got {written}",
        _ when rule.HasMax && value > rule.Max => $"must be at most {Text(rule.Max)}, got {written}",
        _ => null,
    };

    public static string? String(Rule rule, string value)
    {
        if (value.Any(char.IsControl))
        {
            return "must not contain control characters";
        }

        var shown = $"'{YamlScalar.Shorten(value)}'";
        if (rule.OneOf.Count > 0 && !rule.OneOf.Contains(value))
        {
            var hint = DidYouMean.Nearest(value, rule.OneOf) is { } near && rule.OneOf.Count > 1 ? $", did you mean '{near}'?" : "";
            return $"must be {FieldPath.Either(rule.OneOf)}, got {shown}{hint}";
        }
        if (rule.Pattern.Length > 0 && !Regex.IsMatch(value, $@"\A(?:{rule.Pattern})\z", RegexOptions.CultureInvariant, Patience))
        {
            return $"must be {(rule.PatternText.Length > 0 ? rule.PatternText : $"of the form {rule.Pattern}")}, got {shown}";
        }

        return rule.Required && value.Length == 0 ? "must not be empty" : null;
    }

    public static string? Count(Rule rule, int count) => count switch
    {
        _ when count < rule.MinItems => $"needs at least {Values(rule.MinItems)}, got {count}",
        _ when rule.MaxItems > 0 && count > rule.MaxItems => $"takes at most {Values(rule.MaxItems)}, got {count}",
        _ => null,
    };

    public static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    private static string Values(uint count) => count == 1 ? "1 value" : $"{count} values";
}
