using System.Text.RegularExpressions;
using Trainer.Cli;
using Trainer.Cli.Output;

namespace Trainer.Cluster.Tests.Deploy;

/// <summary>What README, docs and examples tell people to type is what the command line takes, and the files they point at are there.</summary>
public sealed partial class DocumentationTests
{
    public static TheoryData<string> Pages =>
    [
        .. new[] { "README.md" }
            .Concat(Names("docs", "*.md"))
            .Concat(Names("examples", "*.yaml")),
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_command_line_parses(string page) => AssertTaken(page, File.ReadAllText(Path.Combine(Repository.Root, page)));

    /// <summary>Every command line of a text is one that the program takes.</summary>
    internal static void AssertTaken(string page, string text)
    {
        var root = Application.Create(new Shell { Out = TextWriter.Null, Error = TextWriter.Null, Environment = _ => null });

        Assert.All(Commands(text), command =>
        {
            var parsed = root.Parse(command);
            Assert.True(parsed.Errors.Count == 0, $"{page}: trainer {command}: {string.Join("; ", parsed.Errors.Select(error => error.Message))}");
        });
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_linked_file_is_there(string page)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Repository.Root, page))!;
        var targets = File.ReadLines(Path.Combine(Repository.Root, page))
            .SelectMany(line => line.Split("](").Skip(1))
            .Select(rest => rest.Split(')')[0].Split('#')[0])
            .Where(target => target.Length > 0 && !target.Contains("://", StringComparison.Ordinal));

        Assert.All(targets, target => Assert.True(Path.Exists(Path.Combine(folder, target)), $"{page} points at {target}"));
    }

    /// <summary>Lines that start with <c>./trainer</c>, as commands or in comments, up to what the shell would take for itself.</summary>
    private static IEnumerable<string> Commands(string text) => Continued.Replace(text, " ").Split('\n')
        .Select(line => line.TrimStart('#', '$', ' '))
        .SelectMany(line => line.Split(" && "))
        .Where(line => line.StartsWith("./trainer ", StringComparison.Ordinal))
        .Select(line => line["./trainer ".Length..].Split([" | ", " > ", " # "], StringSplitOptions.None)[0].TrimEnd('&', ' ').Replace('\'', '"'));

    [GeneratedRegex(@"\\\n\s*", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Continued { get; }

    private static IEnumerable<string> Names(string folder, string pattern) => Directory
        .GetFiles(Path.Combine(Repository.Root, folder), pattern, SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(Repository.Root, file))
        .Order(StringComparer.Ordinal);
}
