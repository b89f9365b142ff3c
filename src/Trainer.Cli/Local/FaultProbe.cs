using System.Globalization;
using Trainer.Cli.Errors;
using Trainer.Node.Training;

namespace Trainer.Cli.Local;

/// <summary>
/// For tests of faults: the node's process dies, or stands still, at a named moment of its work. <c>TRAINER_CHAOS_PROBE=MOMENT:COUNT</c> kills it when the moment comes for the
/// COUNTth time, <c>MOMENT:COUNT:stop</c> stops it there; <c>MOMENT:MILLISECONDS:pause</c> lets it rest for so long whenever the moment comes. Without the variable there is none, and
/// nothing is called.
/// </summary>
internal sealed class FaultProbe(Moment moment, int count, string effect)
{
    private const string Variable = "TRAINER_CHAOS_PROBE";

    private const string Stop = "stop";
    private const string Pause = "pause";

    private readonly TimeSpan _pause = effect == Pause ? TimeSpan.FromMilliseconds(count) : TimeSpan.Zero;
    private int _left = count;

    /// <summary>What is to be called at each moment; null: there is no probe.</summary>
    public static Action<Moment>? Of(Func<string, string?> environment) => environment(Variable) is { Length: > 0 } text ? Parse(text).Reached : null;

    private void Reached(Moment reached)
    {
        if (reached == moment && _pause > TimeSpan.Zero)
        {
            Thread.Sleep(_pause);
            return;
        }

        if (reached != moment || Interlocked.Decrement(ref _left) != 0)
        {
            return;
        }

        if (effect == Stop)
        {
            Posix.StopSelf();
        }
        else
        {
            Posix.KillSelf();
        }
    }

    private static FaultProbe Parse(string text) =>
        text.Split(':') is [var name, var times, .. var rest] && Enum.TryParse<Moment>(name, ignoreCase: true, out var moment) && Enum.IsDefined(moment)
            && int.TryParse(times, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0 && rest is [] or [Stop] or [Pause]
            ? new FaultProbe(moment, count, rest.FirstOrDefault(""))
            : throw new CliException(
                $"{Variable}: expected MOMENT:COUNT, MOMENT:COUNT:stop or MOMENT:MILLISECONDS:pause, got '{text}'.", ExitCode.Usage, $"Moments: {string.Join(", ", Enum.GetNames<Moment>())}.");
}
