using Trainer.Cli.Errors;
using Trainer.Protos;

namespace Trainer.Cli.JobFiles;

/// <summary>Job files from the command line.</summary>
internal static class JobFileReader
{
    /// <param name="name">A name for the job instead of the file's; null keeps that.</param>
    /// <exception cref="CliException">With a violation, placed by line and column, for every fault.</exception>
    public static JobSpec Read(string path, string? name)
    {
        try
        {
            var spec = JobFile.Read(path);
            spec.Name = name ?? spec.Name;
            return spec;
        }
        catch (JobFileException faulty)
        {
            throw new CliException($"{path} cannot be used as a job file.", ExitCode.Usage, inner: faulty)
            {
                Violations = [.. faulty.Faults.Select(fault => new Violation(fault.Path, fault.Problem, Place(fault)))],
            };
        }
    }

    private static string? Place(JobFileFault fault) => fault.Line > 0 ? $"{fault.Line}:{fault.Column}" : null;
}
