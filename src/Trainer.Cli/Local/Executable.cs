namespace Trainer.Cli.Local;

/// <summary>The file to start for another process of this program.</summary>
internal static class Executable
{
    /// <summary>This process's own, or the one beside its assembly where something else (dotnet, a test) loaded that.</summary>
    public static string Path { get; } = System.IO.Path.GetFileName(Environment.ProcessPath) == "trainer"
        ? Environment.ProcessPath!
        : System.IO.Path.Combine(AppContext.BaseDirectory, "trainer");
}
