using Trainer.Protos;

namespace Trainer.Cli.Output;

/// <summary>What is in quarantine, in sentences.</summary>
internal static class QuarantineText
{
    public static string Place(Quarantine entry) => entry.Device.Length > 0 ? $"Machine {entry.Machine}, device {entry.Device}," : $"Machine {entry.Machine}";

    /// <summary>A line for each, after an empty one; nothing where there is none.</summary>
    public static string Lines(IReadOnlyCollection<Quarantine> entries) => string.Concat(entries.Select((entry, index) =>
        $"{(index == 0 ? "\n" : "")}\n{Place(entry)} is in quarantine since {entry.Time.ToDateTime():yyyy-MM-dd HH:mm:ss} UTC: {entry.Worker}, job {entry.Job}: {entry.Reason.TrimEnd('.')}. "
        + $"Test its memory, then: trainer worker clear {entry.Machine}{(entry.Device.Length > 0 ? $" --device {entry.Device}" : "")}"));
}
