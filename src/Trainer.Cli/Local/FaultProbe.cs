using System.Globalization;
using Trainer.Cli.Errors;
using Trainer.Node.Training;

namespace Trainer.Cli.Local;

/// <summary>
/// For tests of faults: the node's process dies, or stands still, at a named moment of its work. <c>TRAINER_CHAOS_PROBE=MOMENT:COUNT</c> kills it when the moment comes for the
/// COUNTth time, <c>MOMENT:COUNT:stop</c> stops it there. Without the variable there is none, and nothing is called.
/// </summary>
internal sealed class FaultProbe(Moment moment, int count, bool stops)
{
    private const string Variable = "TRAINER_CHAOS_PROBE";

    private int _left = count;

    /// <summary>What is to be called at each moment; null: there is no probe.</summary>
    public static Action<Moment>? Of(Func<string, string?> environment) => environment(Variable) is { Length: > 0 } text ? Parse(text).Reached : null;

    private void Reached(Moment reached)
    {
        if (reached != moment || Interlocked.Decrement(ref _left) != 0)
        {
            return;
        }

        if (stops)
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
            && int.TryParse(times, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0 && rest is [] or ["stop"]
            ? new FaultProbe(moment, count, stops: rest.Length > 0)
            : throw new CliException(
                $"{Variable}: expected MOMENT:COUNT or MOMENT:COUNT:stop, got '{text}'.", ExitCode.Usage, $"Moments: {string.Join(", ", Enum.GetNames<Moment>())}.");
}
