using Trainer.Hosting.Run;

namespace Trainer.Coordinator.Store;

/// <summary>Holds a store folder for one process. The kernel lets go of it when the process ends, however it ends.</summary>
internal sealed class StoreLock : IDisposable
{
    private readonly FileLock _lock;

    private StoreLock(FileLock taken) => _lock = taken;

    /// <exception cref="StoreException">The folder cannot be made or written, or somebody holds it.</exception>
    public static StoreLock Take(string folder)
    {
        var path = Path.Combine(folder, "coordinator.lock");
        try
        {
            PrivateFiles.RefuseFiles(folder);
            Directory.CreateDirectory(folder);
            return new StoreLock(FileLock.TryTake(path) ?? throw Held(folder, path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"Store folder '{folder}' cannot be used: {e.Message}", e);
        }
    }

    public void Dispose() => _lock.Dispose();

    private static StoreException Held(string folder, string path) => new(
        $"Store folder '{folder}' is held by {ProcessText.Of(FileLock.Holder(path))}: stop that one, or give this one a folder of its own.");
}
