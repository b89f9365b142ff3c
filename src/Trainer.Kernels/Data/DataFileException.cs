namespace Trainer.Kernels.Data;

/// <summary>A file from outside that is not what it should be.</summary>
public class DataFileException(string file, string problem, Exception? inner = null) : IOException($"{file}: {problem}", inner)
{
    public string File { get; } = file;
}
