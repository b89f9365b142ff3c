namespace Trainer.Cli.Local;

/// <summary>
/// What follows when a process has ended: a pause before it is started again, longer each time and short again once it ran well for a while or somebody killed it; or
/// giving up, once it has not come up many times in a row.
/// </summary>
/// <param name="Ends">Ends in a row.</param>
/// <param name="NotUp">The last of them that came before the process was up.</param>
/// <param name="Pause">Before the next start.</param>
internal readonly record struct RestartPolicy(int Ends, int NotUp, TimeSpan Pause)
{
    /// <summary>With the pauses between them, most of a minute.</summary>
    public const int MostNotUp = 10;

    private const int SignalBase = 128;

    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RanWell = TimeSpan.FromSeconds(30);

    public bool GivesUp => NotUp >= MostNotUp;

    /// <param name="age">How long the process lived this time.</param>
    /// <param name="cameUp">Whether it was up, for however short a time.</param>
    /// <param name="code">Its exit code, which is above 128 where a signal ended it; null: it was stopped since it did not come up.</param>
    public RestartPolicy After(TimeSpan age, bool cameUp, int? code)
    {
        var ends = cameUp && (age >= RanWell || code > SignalBase) ? 1 : Ends + 1;
        var pause = First * Math.Pow(2, Math.Min(ends - 1, 10));
        return new RestartPolicy(ends, cameUp ? 0 : NotUp + 1, pause < Longest ? pause : Longest);
    }
}
