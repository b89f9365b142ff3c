namespace Trainer.Protos;

/// <summary>Where something starts in a file, from 1.</summary>
/// <param name="Source">What holds it where that is not the file: an override on a command line.</param>
internal readonly record struct FilePosition(int Line, int Column, string? Source = null)
{
    public static readonly FilePosition Start = new(1, 1);
}

/// <summary>Collects the faults of one file, so that its author sees all of them at once.</summary>
internal sealed class FaultList(string file)
{
    // Nobody reads more at once, and each is compared with all others.
    private const int Most = 200;

    private readonly List<JobFileFault> _faults = [];

    /// <exception cref="JobFileException">There are too many already.</exception>
    public void Add(FilePosition at, string path, string problem)
    {
        _faults.Add(at.Source is null ? new(file, at.Line, at.Column, path, problem) : new(at.Source, 0, 0, path, problem));
        if (_faults.Count == Most)
        {
            ThrowIfAny();
        }
    }

    public JobFileFault? First => _faults.FirstOrDefault();

    /// <summary>Is a fault known of this field, of one that holds it or of one within it? Then what follows from it is noise.</summary>
    public bool Concerns(string path) => _faults.Any(fault => Holds(fault.Path, path) || Holds(path, fault.Path));

    /// <summary>With each fault once: a block's text is read as often as it is used.</summary>
    public void ThrowIfAny()
    {
        if (_faults.Count > 0)
        {
            throw new JobFileException([.. Distinct().OrderBy(fault => fault.Line).ThenBy(fault => fault.Column)]);
        }
    }

    private IEnumerable<JobFileFault> Distinct() => _faults.DistinctBy(fault => (fault.Line, fault.Column, Field(fault.Path), fault.Problem));

    private static string Field(string path) => path[(path.LastIndexOf('.') + 1)..].Split('[')[0];

    private static bool Holds(string outer, string inner) =>
        inner.StartsWith(outer, StringComparison.Ordinal) && (inner.Length == outer.Length || outer.Length == 0 || inner[outer.Length] is '.' or '[');
}
