using Trainer.Cli.Tests.Fakes;

namespace Trainer.Cli.Tests.Documentation;

/// <summary>The C# in README and docs compiles as it stands there, in a program of a project with implicit usings that refers to the library.</summary>
public sealed class SnippetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Pages => [.. Repository.Pages.Where(page => Repository.Blocks(page, "csharp").Any())];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Every_snippet_compiles(string page)
    {
        foreach (var (line, text) in Repository.Blocks(page, "csharp"))
        {
            var errors = await SnippetCompiler.CompileAsync(text, _folder.Path);
            Assert.True(errors.Length == 0, $"{page}, line {line}: {errors}");
        }
    }

    [Fact]
    public async Task A_snippet_that_is_wrong_is_noticed() => Assert.Contains("CS0246", await SnippetCompiler.CompileAsync("var network = new NoSuchThing();", _folder.Path));
}
