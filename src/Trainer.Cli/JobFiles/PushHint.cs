using Trainer.Cli.Errors;
using Trainer.Protos;

namespace Trainer.Cli.JobFiles;

/// <summary>What to do where a cluster elsewhere does not see the data that a job file names, and this machine does.</summary>
internal static class PushHint
{
    /// <summary>How coordinators say that there is no such file, or that jobs may not read it.</summary>
    private static readonly string[] Unseen = ["--data-root", "is not there", "no such file"];

    /// <returns>Null: something else is wrong.</returns>
    public static string? Of(JobDocument document, IReadOnlyList<Violation> violations)
    {
        var data = document.Spec.Data;
        List<string> files = data is null ? [] : [.. FileFields.Of(data).Select(named => named.File)];
        return files.Count > 0 && files.All(Path.Exists) && violations.Any(IsOfUnseenData)
            ? $"The cluster does not see this machine's files. Push them: trainer data push {SourceOf(data!, files, document.File)} {document.Spec.Name}\nThen say in the job file, in their place: data: {{pushed: {document.Spec.Name}}}"
            : null;
    }

    private static bool IsOfUnseenData(Violation violation) =>
        violation.Field.StartsWith("data.", StringComparison.Ordinal) && Unseen.Any(words => violation.Description.Contains(words, StringComparison.OrdinalIgnoreCase));

    /// <summary>Of data of several files the job file says what each is.</summary>
    private static string SourceOf(Protos.Data data, List<string> files, string jobFile) =>
        files.Count == 1 && data is { ImageFolder: not null } or { Csv: not null } or { Packed: not null } or { Tar: not null } ? files[0] : jobFile;
}
