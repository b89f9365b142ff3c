namespace Trainer.Protos;

/// <summary>A job as a file has it, and where each of its fields stands.</summary>
public sealed class JobDocument
{
    private readonly Func<string, FilePosition> _place;

    internal JobDocument(string file, JobSpec spec, Func<string, FilePosition> place) => (File, Spec, _place) = (file, spec, place);

    public string File { get; }

    public JobSpec Spec { get; }

    /// <summary>What somebody else, such as the cluster, finds wrong with a field, at the field's place, or at that of the nearest section around it.</summary>
    /// <param name="path">As in <see cref="FieldViolation"/>.</param>
    public JobFileFault Fault(string path, string problem)
    {
        var at = _place(path);
        return at.Source is null ? new JobFileFault(File, at.Line, at.Column, path, problem) : new JobFileFault(at.Source, 0, 0, path, problem);
    }
}
