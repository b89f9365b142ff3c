using System.Text.Json;
using Trainer.Hosting.Run;

namespace Trainer.Cli.Home;

/// <summary>What the supervisor of a local cluster says about itself: cluster.json in the run folder.</summary>
/// <param name="Ready">All processes have started and found each other.</param>
/// <param name="Logs">The folder of the processes' logs.</param>
internal sealed record LocalClusterRecord(int ProcessId, long StartTicks, bool Ready, int Workers, int ThreadsPerWorker, string Logs)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public ProcessIdentity Supervisor => new(ProcessId, StartTicks);

    /// <summary>The record of a supervisor that is alive; null when there is none, or only what a killed one left.</summary>
    public static LocalClusterRecord? Find(RunFolder run)
    {
        try
        {
            var record = JsonSerializer.Deserialize<LocalClusterRecord>(File.ReadAllBytes(FileIn(run)), Json);
            return record?.Supervisor.IsAlive == true ? record : null;
        }
        catch (Exception none) when (none is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException wrong)
        {
            throw new RunFolderException(FileIn(run), $"is not the record of a cluster ({wrong.Message}); remove it");
        }
    }

    public void Write(RunFolder run) => PrivateFiles.Replace(FileIn(run), JsonSerializer.SerializeToUtf8Bytes(this, Json));

    public static void Remove(RunFolder run)
    {
        if (Directory.Exists(run.Path))
        {
            File.Delete(FileIn(run));
        }
    }

    private static string FileIn(RunFolder run) => Path.Combine(run.Path, "cluster.json");
}
