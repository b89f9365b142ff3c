using System.Diagnostics;
using Trainer.Cli.Tests.Fakes;
using Trainer.Kernels;
using Trainer.Kernels.Gpu;

namespace Trainer.Cli.Tests.Documentation;

/// <summary>The C# in README and docs compiles as it stands there, in a program of a project with implicit usings that refers to the library.</summary>
public sealed class SnippetTests : IDisposable
{
    /// <summary>What the SDK adds to such a project.</summary>
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Pages => [.. Repository.Pages.Where(page => Repository.Blocks(page, "csharp").Any())];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Every_snippet_compiles(string page)
    {
        foreach (var (line, text) in Repository.Blocks(page, "csharp"))
        {
            var errors = await CompileAsync(text);
            Assert.True(errors.Length == 0, $"{page}, line {line}: {errors}");
        }
    }

    [Fact]
    public async Task A_snippet_that_is_wrong_is_noticed() => Assert.Contains("CS0246", await CompileAsync("var network = new NoSuchThing();"));

    /// <returns>What the compiler says.</returns>
    private async Task<string> CompileAsync(string program)
    {
        await File.WriteAllTextAsync(_folder["Program.cs"], program);
        await File.WriteAllTextAsync(_folder["Usings.cs"], ImplicitUsings);
        var runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        string[] references = [.. Directory.GetFiles(runtime, "System*.dll"), Path.Combine(runtime, "netstandard.dll"), typeof(Shape).Assembly.Location, typeof(DeviceCatalog).Assembly.Location];
        string[] arguments =
        [
            "-nologo", "-nostdlib", "-nullable:enable", "-langversion:latest", "-target:exe", $"-out:{_folder["program.dll"]}",
            .. references.Where(IsManaged).Select(file => $"-r:{file}"), _folder["Usings.cs"], _folder["Program.cs"],
        ];
        await File.WriteAllLinesAsync(_folder["arguments.rsp"], arguments.Select(argument => $"\"{argument}\""));
        using var compiler = Process.Start(new ProcessStartInfo(Dotnet, [Compiler(), "-noconfig", $"@{_folder["arguments.rsp"]}"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var said = await compiler.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await compiler.WaitForExitAsync(TestContext.Current.CancellationToken);
        return said;
    }

    private static string Dotnet => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    /// <summary>The C# compiler of the newest SDK that belongs to this runtime.</summary>
    private static string Compiler()
    {
        var root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
        var sdk = Directory.GetDirectories(Path.Combine(root, "sdk"), "10.*").Order(StringComparer.Ordinal).Last();
        return Path.Combine(sdk, "Roslyn", "bincore", "csc.dll");
    }

    private static bool IsManaged(string file)
    {
        using var stream = File.OpenRead(file);
        using var image = new System.Reflection.PortableExecutable.PEReader(stream);
        return image.HasMetadata;
    }
}
