namespace Trainer.Hosting.Artifacts;

/// <summary>
/// Who wants a checkpoint to stay: a user, or a job that starts from it. Each is an empty file beside the state (<c>pins/user</c>, <c>pins/JOB</c>), so that workers and coordinators know of it without
/// each other, and a store that is lost takes no pin with it.
/// </summary>
/// <remarks>
/// Whoever pins writes the pin, then looks for the manifest; whoever deletes takes the manifest away, then looks for pins, and puts it back where there is one. So a pin that was taken holds.
/// </remarks>
public static class CheckpointPins
{
    /// <summary>Whose pins users set and take away.</summary>
    public const string User = "user";

    private const string Folder = "pins";

    /// <summary>Pins a checkpoint.</summary>
    /// <param name="at">Its location.</param>
    /// <param name="holder">A job, or <see cref="User"/>.</param>
    /// <returns>False: the checkpoint is not there any more.</returns>
    public static bool Pin(IArtifactStore at, string holder)
    {
        at.Put(KeyOf(holder), []);
        if (at.Find(CheckpointManifest.ManifestFile) is not null)
        {
            return true;
        }

        Unpin(at, holder);
        return false;
    }

    public static void Unpin(IArtifactStore at, string holder) => at.Delete(KeyOf(holder));

    /// <summary>Who holds a checkpoint.</summary>
    public static IReadOnlyList<string> On(IArtifactStore at) => [.. at.List(Folder).Select(file => Path.GetFileName(file.Key))];

    /// <summary>The checkpoint and the holder that a key in a job's store says something of; null: it is no pin's.</summary>
    public static (string Checkpoint, string Holder)? Of(string key) => key.Split('/') is [CheckpointManifest.Folder, var checkpoint, Folder, var holder] ? (checkpoint, holder) : null;

    /// <summary>Deletes a checkpoint that nobody holds: first it ceases to exist, then its state goes.</summary>
    public static void DeleteUnlessHeld(IArtifactStore at)
    {
        if (On(at).Count > 0)
        {
            return;
        }

        var manifest = at.Get(CheckpointManifest.ManifestFile);
        at.Delete(CheckpointManifest.ManifestFile);
        if (manifest is not null && On(at).Count > 0)
        {
            at.Put(CheckpointManifest.ManifestFile, manifest);
            return;
        }

        at.Delete("");
    }

    private static string KeyOf(string holder) => $"{Folder}/{holder}";
}
