using System.Text;

namespace Trainer.Hosting.Hashes;

/// <summary>Appends the hashes of one generation to its file. Nobody else writes that file: a generation has one first member, in one life of its process.</summary>
/// <param name="artifacts">The job's folder.</param>
public sealed class StepHashWriter(string artifacts, HashOrigin origin)
{
    private readonly string _path = Path.Combine(StepHashFolder.In(artifacts), $"{origin.Term}.{origin.Number}{StepHashFolder.Extension}");
    private long _length;

    /// <summary>All of them, or none as far as readers see: what a failed attempt left is cut off by the next.</summary>
    /// <exception cref="IOException">The disk.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public void Append(IReadOnlyCollection<StepHash> hashes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using var file = new FileStream(_path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        file.SetLength(_length);
        file.Position = _length;
        var text = new StringBuilder();
        if (_length == 0)
        {
            text.Append(HashLines.Head(origin)).Append('\n');
        }

        foreach (var hash in hashes)
        {
            text.Append(HashLines.Of(origin, hash)).Append('\n');
        }

        file.Write(Encoding.ASCII.GetBytes(text.ToString()));
        file.Flush();
        _length = file.Position;
    }
}
