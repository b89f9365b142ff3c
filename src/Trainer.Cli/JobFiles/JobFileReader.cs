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

    /// <summary>Writes a job file, and reads it as <see cref="Open"/> would: overrides are in it.</summary>
    /// <exception cref="CliException">It cannot be written, or an override is wrong: then it is not there.</exception>
    public static JobDocument Write(string path, JobSpec spec, IReadOnlyList<string> overrides)
    {
        var draft = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
        try
        {
            File.WriteAllText(draft, JobFile.Write(spec));
            File.WriteAllText(draft, JobFile.Write(JobFile.Open(draft, overrides).Spec));
            File.Move(draft, path, overwrite: true);
        }
        catch (JobFileException faulty)
        {
            throw new CliException("Such a job cannot be.", ExitCode.Usage, inner: faulty) { Violations = [.. faulty.Faults.Select(fault => new Violation(fault.Path, fault.Problem, "--set"))] };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"{path} cannot be written: {e.Message}", inner: e);
        }
        finally
        {
            File.Delete(draft);
        }

        return Open(path, []);
    }

    /// <summary>A fault that the cluster found, at its place in the file.</summary>
    public static Violation Placed(this JobDocument document, Violation violation) => Violation(document.Fault(violation.Field, violation.Description));

    private static Violation Violation(JobFileFault fault) => new(fault.Path, fault.Problem, fault.Line > 0 ? $"{fault.File}:{fault.Line}:{fault.Column}" : fault.File);
}
