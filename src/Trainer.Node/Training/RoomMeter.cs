using Microsoft.Extensions.Logging;
using Trainer.Hosting.Artifacts;

namespace Trainer.Node.Training;

/// <summary>How much is free in the store of a job's files. A store that hangs is asked by a thread that may.</summary>
internal static class RoomMeter
{
    /// <param name="measured">Hears how many bytes are free, where the store can tell.</param>
    public static void Start(IArtifactStore artifacts, string job, ILogger logger, Action<long> measured) => new Thread(() =>
    {
        try
        {
            if (artifacts.FreeBytes() is { } free)
            {
                measured(free);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            logger.LogWarning("Job {Job}: there is no telling what is free in its store: {Reason}", job, e.Message);
        }
    })
    { IsBackground = true, Name = "room" }.Start();
}
