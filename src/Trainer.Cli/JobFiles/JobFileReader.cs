using Trainer.Cli.Errors;
using Trainer.Protos;

namespace Trainer.Cli.JobFiles;

/// <summary>Job files from the command line.</summary>
internal static class JobFileReader
{
    /// <exception cref="CliException">With a violation, placed by file, line and column, for every fault.</exception>
    public static JobSpec Read(string path) => Open(path, []).Spec;

    /// <param name="overrides">Values in place of the file's, <c>training.epochs=3</c>.</param>
    /// <exception cref="CliException">As <see cref="Read"/>.</exception>
    public static JobDocument Open(string path, IReadOnlyList<string> overrides)
    {
        try
        {
            return JobFile.Open(path, overrides);
        }
        catch (JobFileException faulty)
        {
            throw new CliException($"{path} cannot be used as a job file.", ExitCode.Usage, inner: faulty) { Violations = [.. faulty.Faults.Select(Violation)] };
        }
    }

    /// <summary>A fault that the cluster found, at its place in the file.</summary>
    public static Violation Placed(this JobDocument document, Violation violation) => Violation(document.Fault(violation.Field, violation.Description));

    private static Violation Violation(JobFileFault fault) => new(fault.Path, fault.Problem, fault.Line > 0 ? $"{fault.File}:{fault.Line}:{fault.Column}" : fault.File);
}
