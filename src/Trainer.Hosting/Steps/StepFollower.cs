using System.Text;
using Trainer.Hosting.Artifacts;

namespace Trainer.Hosting.Steps;

/// <summary>Follows the record of a job's steps as it grows. It remembers its place in the last file: whoever waits at the end of a long record does not read it again each time.</summary>
/// <param name="after">The last step that is known.</param>
public sealed class StepFollower(ulong after)
{
    private string _last = "";
    private long _from;

    /// <summary>The step that was read last.</summary>
    public ulong After { get; private set; } = after;

    /// <summary>The steps behind, in order; none: there is nothing new.</summary>
    /// <exception cref="IOException">The store.</exception>
    public IReadOnlyList<StepRecord> Next(IArtifactStore artifacts, int most)
    {
        var files = StepFiles.Files(artifacts).Select(place => place.File).ToList();
        var last = files.LastOrDefault();
        var isSame = last is not null && last.Key == _last;
        List<StepRecord> steps = [.. (isSame ? Behind(artifacts, last!) : StepFiles.Read(artifacts, After + 1)).Where(step => step.Step > After).Take(most)];
        After = steps.Count > 0 ? steps[^1].Step : After;
        if (last is not null && steps.Count < most)
        {
            // What is behind it was not there yet when all before it was read.
            (_last, _from) = (last.Key, Math.Max(0, last.Bytes - StepFiles.LongestLine));
        }

        return steps;
    }

    private IEnumerable<StepRecord> Behind(IArtifactStore artifacts, ArtifactFile file)
    {
        if (file.Bytes <= _from)
        {
            yield break;
        }

        using var content = artifacts.Open(file.Key, _from);
        if (content is null)
        {
            yield break;
        }

        using var text = new StreamReader(content.Stream, Encoding.ASCII);
        _ = _from > 0 ? text.ReadLine() : null; // It may begin within a line, which was read before.
        while (text.ReadLine() is { } line)
        {
            if (StepLines.Read(line) is { } step)
            {
                yield return step;
            }
        }
    }
}
