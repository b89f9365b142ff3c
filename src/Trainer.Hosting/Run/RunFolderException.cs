namespace Trainer.Hosting.Run;

/// <summary>A run folder that cannot be trusted or read; the message names it and says what to do.</summary>
public sealed class RunFolderException(string path, string problem) : IOException($"{path} {problem}.")
{
    public string Path { get; } = path;
}
