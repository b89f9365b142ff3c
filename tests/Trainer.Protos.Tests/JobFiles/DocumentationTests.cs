using Google.Protobuf.Reflection;

namespace Trainer.Protos.Tests.JobFiles;

/// <summary>docs/job-file.md says of every field what job.proto says.</summary>
public sealed class DocumentationTests
{
    private static readonly string[] Lines = File.ReadAllLines(Path.Combine(Repository.Folder("docs"), "job-file.md"));

    public static TheoryData<string> Messages => [.. Jobs.Messages().Where(message => message.Fields.InFieldNumberOrder().Any()).Select(message => message.Name)];

    [Theory]
    [MemberData(nameof(Messages))]
    public void Every_field_is_documented_with_type_range_and_default(string message)
    {
        var descriptor = Jobs.Messages().Single(known => known.Name == message);
        string[] rows = [.. Section(message).Where(line => line.StartsWith("| `", StringComparison.Ordinal))];

        Assert.Equal(descriptor.Fields.InFieldNumberOrder().Count, rows.Length);
        Assert.All(descriptor.Fields.InFieldNumberOrder().Zip(rows), pair =>
        {
            Assert.StartsWith(Row(pair.First), pair.Second, StringComparison.Ordinal);
            Assert.EndsWith(". |", pair.Second, StringComparison.Ordinal); // and says what it means
        });
    }

    private static IEnumerable<string> Section(string message)
    {
        var start = Array.IndexOf(Lines, $"## {message}");
        Assert.True(start >= 0, $"docs/job-file.md has no section '## {message}'");
        return Lines.Skip(start + 1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal));
    }

    /// <summary>The part of a field's row that follows from job.proto.</summary>
    private static string Row(FieldDescriptor field)
    {
        var rule = field.GetOptions()?.GetExtension(RulesExtensions.Rule) ?? new Rule();
        var initial = rule.Required ? "required" : rule.HasDefault ? $"`{rule.Default}`" : "";
        return $"| `{field.Name}` | {Type(field, rule)} | {Range(rule)} | {initial} | ";
    }

    private static string Type(FieldDescriptor field, Rule rule)
    {
        var one = field.FieldType switch
        {
            FieldType.Message => $"[{field.MessageType.Name}](#{field.MessageType.Name.ToLowerInvariant()})",
            FieldType.String => rule.File ? "file" : "text",
            FieldType.Bool => "true or false",
            FieldType.Double => "number",
            _ => "whole number",
        };
        return field.IsRepeated ? $"list of {one}" : one;
    }

    private static string Range(Rule rule)
    {
        string[] parts =
        [
            rule.HasMin && rule.ExclusiveMin ? $"more than {rule.Min}" : rule.HasMin ? $"at least {rule.Min}" : "",
            rule.HasMax && rule.ExclusiveMax ? $"less than {rule.Max}" : rule.HasMax ? $"at most {rule.Max}" : "",
            string.Join(", ", rule.OneOf.Select(value => $"`{value}`")),
            rule.PatternText,
            rule.MaxItems > 0 ? $"{(rule.MinItems > 0 ? $"{rule.MinItems} to" : "up to")} {rule.MaxItems} values" : "",
            rule.OnlyWith.Length > 0 ? $"only with `{Condition(rule.OnlyWith)}`" : "",
            rule.NotWith.Length > 0 ? $"not with `{Condition(rule.NotWith)}`" : "",
        ];
        return string.Join(", ", parts.Where(part => part.Length > 0));
    }

    private static string Condition(string condition) => condition.Replace("=", ": ", StringComparison.Ordinal);
}
