namespace Trainer.Coordinator.Store;

/// <summary>Holds a store folder for one process. The kernel lets go of it when the process ends, however it ends.</summary>
internal sealed class StoreLock : IDisposable
{
    private readonly FileStream _file;

    private StoreLock(FileStream file) => _file = file;

    /// <exception cref="StoreException">The folder cannot be made or written, or somebody holds it.</exception>
    public static StoreLock Take(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"Store folder '{folder}' cannot be made: {e.Message}", e);
        }

        var path = Path.Combine(folder, "coordinator.lock");
        try
        {
            return new StoreLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (File.Exists(path))
        {
            throw new StoreException($"Store folder '{folder}' is held by another coordinator: stop that one, or give this one a folder of its own.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"Store folder '{folder}' cannot be written: {e.Message}", e);
        }
    }

    public void Dispose() => _file.Dispose();
}
