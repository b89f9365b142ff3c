namespace Trainer.Cli.Local;

/// <summary>How long to wait before a process that ended is started again: longer each time, and from the beginning once it ran well for a while.</summary>
internal static class RestartPolicy
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RanWell = TimeSpan.FromSeconds(30);

    /// <param name="endsBefore">Ends in a row before this one.</param>
    /// <param name="age">How long the process lived this time.</param>
    /// <returns>The ends in a row, with this one, and the pause.</returns>
    public static (int Ends, TimeSpan Pause) Decide(int endsBefore, TimeSpan age)
    {
        var ends = age >= RanWell ? 1 : endsBefore + 1;
        var pause = First * Math.Pow(2, Math.Min(ends - 1, 10));
        return (ends, pause < Longest ? pause : Longest);
    }
}
