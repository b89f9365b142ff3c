namespace Trainer.Protos.Tests;

/// <summary>Files of the repository that tests read.</summary>
internal static class Repository
{
    /// <summary>A folder of the repository by its path from the root.</summary>
    public static string Folder(string path)
    {
        var folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Trainer.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return Path.Combine(folder ?? throw new InvalidOperationException($"no Trainer.sln above {AppContext.BaseDirectory}"), path);
    }
}
