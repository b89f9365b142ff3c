using Trainer.Fuzz;
using Trainer.Hosting.Tests;

namespace Trainer.Node.Tests.Fuzz;

/// <summary>Inputs that fuzzing has kept (tests/fuzz), since each took another way through a parser: they are read, or refused in words, in bounded time and memory.</summary>
public sealed class CorpusTests : IDisposable
{
    private static readonly string Kept = Path.Combine(Repository.Root, "tests/fuzz-corpus");

    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-test-").FullName;
    private readonly Targets _targets;

    public CorpusTests() => _targets = new Targets(_folder, Repository.Root);

    public static TheoryData<string> Parsers => [.. Directory.GetFiles(Kept, "*.zip").Select(file => Path.GetFileNameWithoutExtension(file))];

    public void Dispose()
    {
        _targets.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Every_parser_has_some()
    {
        Assert.Equal(_targets.All().Select(target => target.Name).Order(StringComparer.Ordinal), Parsers.Select(parser => parser.Data).Order(StringComparer.Ordinal));
        Assert.All(_targets.All(), target => Assert.NotEmpty(target.Seeds));
    }

    [Theory]
    [MemberData(nameof(Parsers))]
    public void They_are_read_or_refused(string parser)
    {
        var target = _targets.All().Single(target => target.Name == parser);
        var inputs = Corpus.Load(Kept, parser);
        Assert.NotEmpty(inputs);
        Assert.Contains("", target.Seeds.Select(target.Refusal));
        Assert.All(target.Seeds, seed => Assert.Null(target.Try(seed)));
        Assert.All(inputs, input => Assert.Null(target.Try(input)));
    }
}
