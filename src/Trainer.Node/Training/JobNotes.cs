using Trainer.Kernels.Training;
using Trainer.Protos;

namespace Trainer.Node.Training;

/// <summary>What a job's log says that its figures do not.</summary>
internal static class JobNotes
{
    private const int Named = 4;

    /// <summary>Null: all of the file was taken, and all of the model was in it.</summary>
    public static string? Of(WarmStartRest rest)
    {
        string[] parts =
        [
            .. Part("left out are", rest.LeftOut, "which the model has not"),
            .. Part("left out are", rest.Excluded, "as include and exclude say"),
            .. Part("drawn anew are", rest.Reset, "as reset says"),
            .. Part("the file has no", rest.Missing, "which start as they would without it"),
        ];
        return parts.Length == 0 ? null : $"training.init.weights: {string.Join("; ", parts)}.";
    }

    /// <summary>Null: there is nothing to say of this epoch.</summary>
    public static string? Of(EpochSummary epoch) => epoch.IgnoredSteps == 0
        ? null
        : $"Epoch {epoch.Epoch}: the loss ignores every sample of {(epoch.IgnoredSteps == 1 ? "1 step" : $"{epoch.IgnoredSteps} steps")}; "
            + "the gradient was 0 there, and the epoch's loss leaves them out.";

    private static IEnumerable<string> Part(string verb, IReadOnlyList<string> names, string reason)
    {
        if (names.Count > 0)
        {
            var more = names.Count > Named ? $" and {names.Count - Named} more" : "";
            yield return $"{verb} {string.Join(", ", names.Take(Named))}{more}, {reason}";
        }
    }
}
