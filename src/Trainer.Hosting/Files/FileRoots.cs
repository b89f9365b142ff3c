using Trainer.Protos;

namespace Trainer.Hosting.Files;

/// <summary>
/// The folders of which jobs may read. Who may submit a job could otherwise have this process read any file that it can read itself. What lies outside is refused before it is looked at,
/// in the same words whether it is there or not.
/// </summary>
public sealed class FileRoots
{
    private readonly IReadOnlyList<string>? _roots;

    private FileRoots(IReadOnlyList<string>? roots) => _roots = roots;

    /// <summary>For processes of one user on his own machine: he can read what they can.</summary>
    public static FileRoots Everything { get; } = new(null);

    /// <param name="folders">None: jobs may name data sets, and no files.</param>
    public static FileRoots Of(IEnumerable<string> folders) => new([.. folders.Select(RealPath.Of)]);

    /// <summary>What a job names and may not read, with the reason; empty: nothing.</summary>
    public IEnumerable<FieldViolation> Refuse(JobSpec spec) => _roots is null ? [] : FileFields.Of(spec).Where(named => !Has(named.File)).Select(named => new FieldViolation(named.Path, Reason(named.File)));

    private bool Has(string file)
    {
        try
        {
            var real = RealPath.Of(file);
            return _roots!.Any(root => real == root || real.StartsWith(root.TrimEnd('/') + "/", StringComparison.Ordinal));
        }
        catch (IOException)
        {
            return false;
        }
    }

    private string Reason(string file) => _roots!.Count == 0
        ? $"names '{file}'; jobs may read no files here, only data sets by name. The operator allows folders with --data-root"
        : $"names '{file}', which is not in a folder that jobs may read: {string.Join(", ", _roots!)}. Put it there, or ask the operator for another --data-root";
}
