using Trainer.Protos;

namespace Trainer.Cli.Output;

/// <summary>How numbers, times and states are written for people.</summary>
internal static class Words
{
    public static string Loss(double loss) => loss.ToString("0.0000");

    /// <summary>0.8012 -> 80.1 %; what is no number, as where nothing was evaluated: -</summary>
    public static string Percent(double ratio) => double.IsNaN(ratio) ? "-" : $"{ratio * 100:0.0} %";

    public static string Rate(double perSecond) => perSecond >= 100 ? perSecond.ToString("#,0") : perSecond.ToString("0.0");

    /// <summary>0.4 s, 14 s, 3 min 20 s, 2 h 5 min, 3 d 4 h.</summary>
    public static string Duration(double seconds) => (seconds, Math.Round(seconds)) switch
    {
        ( < 9.95, _) => $"{Math.Max(seconds, 0):0.0} s",
        (_, < 60 and var whole) => $"{whole} s",
        (_, < 3600 and var whole) => $"{(int)whole / 60} min {(int)whole % 60} s",
        (_, < 86400 and var whole) => $"{(int)whole / 3600} h {(int)whole % 3600 / 60} min",
        (_, var whole) => $"{(int)(whole / 86400)} d {(int)(whole % 86400 / 3600)} h",
    };

    public static string Bytes(double bytes) => bytes switch
    {
        >= 1L << 30 => $"{bytes / (1L << 30):0.0} GiB",
        >= 1L << 20 => $"{bytes / (1L << 20):0.0} MiB",
        >= 1L << 10 or 0 => $"{bytes / 1024:0.0} KiB",
        _ => $"{bytes:0} B",
    };

    public static string State(JobState state) => state.ToString().ToLowerInvariant();

    public static string Plural(int count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";

    /// <summary>a, b or c.</summary>
    public static string Or(IReadOnlyList<string> choices) =>
        choices.Count > 1 ? $"{string.Join(", ", choices.SkipLast(1))} or {choices[^1]}" : choices[0];

    public static bool HasEnded(this JobState state) => state is JobState.Succeeded or JobState.Failed or JobState.Cancelled;
}
