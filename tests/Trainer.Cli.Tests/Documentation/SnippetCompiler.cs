using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Trainer.Client;
using Trainer.Kernels;
using Trainer.Kernels.Gpu;
using Trainer.Protos;

namespace Trainer.Cli.Tests.Documentation;

/// <summary>Compiles a program as a project with implicit usings does that refers to the library and its client.</summary>
internal static class SnippetCompiler
{
    public const string Program = "program.dll";

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

    private static IEnumerable<string> Libraries => new[] { typeof(Shape), typeof(DeviceCatalog), typeof(TrainerClient), typeof(JobSpec), typeof(IMessage), typeof(CallOptions) }.Select(type => type.Assembly.Location);

    /// <param name="folder">Gets <see cref="Program"/>.</param>
    /// <returns>What the compiler says; nothing where it has no objections.</returns>
    public static async Task<string> CompileAsync(string program, string folder)
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "Program.cs"), program);
        await File.WriteAllTextAsync(Path.Combine(folder, "Usings.cs"), ImplicitUsings);
        var runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        string[] references = [.. Directory.GetFiles(runtime, "System*.dll"), Path.Combine(runtime, "netstandard.dll"), .. Libraries];
        string[] arguments =
        [
            "-nologo", "-nostdlib", "-nullable:enable", "-langversion:latest", "-target:exe", $"-out:{Path.Combine(folder, Program)}",
            .. references.Where(IsManaged).Select(file => $"-r:{file}"), Path.Combine(folder, "Usings.cs"), Path.Combine(folder, "Program.cs"),
        ];
        await File.WriteAllLinesAsync(Path.Combine(folder, "arguments.rsp"), arguments.Select(argument => $"\"{argument}\""));
        using var compiler = Process.Start(new ProcessStartInfo(Dotnet, [Compiler(), "-noconfig", $"@{Path.Combine(folder, "arguments.rsp")}"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
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
