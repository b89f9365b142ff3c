namespace Trainer.Protos;

/// <summary>One thing wrong with a job file. Lines and columns count from 1; 0 where a fault has no place (the file cannot be read).</summary>
/// <param name="Path">The field, <c>training.optimizer.sgd.lr</c>; empty where the fault is the file's as a whole.</param>
public sealed record JobFileFault(string File, int Line, int Column, string Path, string Problem)
{
    /// <summary><c>lenet.yaml:14:9: training.optimizer.sgd.lr: must be greater than 0, got -1</c></summary>
    public override string ToString()
    {
        var place = Line > 0 ? $"{File}:{Line}:{Column}" : File;
        return Path.Length > 0 ? $"{place}: {Path}: {Problem}" : $"{place}: {Problem}";
    }
}

/// <summary>A job file that cannot be used, with all its faults in the order of the file.</summary>
public sealed class JobFileException(IReadOnlyList<JobFileFault> faults) : Exception(Text(faults))
{
    private const int Shown = 20;

    public IReadOnlyList<JobFileFault> Faults { get; } = faults;

    private static string Text(IReadOnlyList<JobFileFault> faults)
    {
        var text = string.Join('\n', faults.Take(Shown));
        return faults.Count > Shown ? $"{text}\n... and {faults.Count - Shown} more" : text;
    }
}
