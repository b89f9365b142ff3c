using System.Globalization;
using Trainer.Cli.Errors;
using Trainer.Node.Reduction;
using Trainer.Node.Training;

namespace Trainer.Cli.Local;

/// <summary>
/// For tests of faults: the node's process dies, or stands still, at a named moment of its work, or a bit of its memory changes. <c>TRAINER_CHAOS_PROBE=MOMENT:COUNT</c> kills it when the moment comes for the
/// COUNTth time, <c>MOMENT:COUNT:stop</c> stops it there, <c>MOMENT:COUNT:hang</c> the thread alone, for ever; <c>MOMENT:MILLISECONDS:pause</c> lets it rest for so long whenever the moment comes
/// (<c>MOMENT:MILLISECONDS:pause:FILE</c>: while there is such a file). <c>MEMORY:COUNT:flip</c>
/// changes a bit of what is hashed for the COUNTth time. Without the variable there is none, and nothing is called.
/// </summary>
internal sealed class FaultProbe
{
    private const string Variable = "TRAINER_CHAOS_PROBE";

    private const string Stop = "stop";
    private const string Hang = "hang";
    private const string Pause = "pause";
    private const string Flip = "flip";

    private readonly Moment? _moment;
    private readonly HashedMemory? _memory;
    private readonly string _effect;
    private readonly TimeSpan _pause;
    private readonly string? _while;
    private int _left;

    private FaultProbe(Moment? moment, HashedMemory? memory, int count, string effect, string? whileThere = null)
    {
        (_moment, _memory, _left, _effect, _while) = (moment, memory, count, effect, whileThere);
        _pause = effect == Pause ? TimeSpan.FromMilliseconds(count) : TimeSpan.Zero;
    }

    /// <summary>What is to be called at each moment, and of what memory; null: there is no probe.</summary>
    public static FaultProbe? Of(Func<string, string?> environment) => environment(Variable) is { Length: > 0 } text ? Parse(text) : null;

    public void Reached(Moment reached)
    {
        if (reached == _moment && _pause > TimeSpan.Zero)
        {
            if (_while is null || File.Exists(_while))
            {
                Thread.Sleep(_pause);
            }

            return;
        }

        if (reached != _moment || Interlocked.Decrement(ref _left) != 0)
        {
            return;
        }

        if (_effect == Hang)
        {
            Thread.Sleep(Timeout.Infinite);
        }
        else if (_effect == Stop)
        {
            Posix.StopSelf();
        }
        else
        {
            Posix.KillSelf();
        }
    }

    public void Hashed(HashedMemory what, Span<float> values)
    {
        if (what == _memory && values.Length > 0 && Interlocked.Decrement(ref _left) == 0)
        {
            ref var value = ref values[values.Length / 2];
            value = BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(value) ^ 1);
        }
    }

    private static FaultProbe Parse(string text)
    {
        if (text.Split(':') is [var name, var times, .. var rest] && int.TryParse(times, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0)
        {
            if (rest is [Flip] && Named<HashedMemory>(name) is { } memory)
            {
                return new FaultProbe(null, memory, count, Flip);
            }

            if (rest is [] or [Stop] or [Hang] or [Pause] or [Pause, _] && Named<Moment>(name) is { } moment)
            {
                return new FaultProbe(moment, null, count, rest.FirstOrDefault(""), rest.ElementAtOrDefault(1));
            }
        }

        throw new CliException(
            $"{Variable}: expected MOMENT:COUNT, MOMENT:COUNT:stop, MOMENT:COUNT:hang, MOMENT:MILLISECONDS:pause[:FILE] or MEMORY:COUNT:flip, got '{text}'.", ExitCode.Usage,
            $"Moments: {string.Join(", ", Enum.GetNames<Moment>())}. Memory: {string.Join(", ", Enum.GetNames<HashedMemory>())}.");
    }

    private static T? Named<T>(string name)
        where T : struct, Enum => Enum.TryParse<T>(name, ignoreCase: true, out var value) && Enum.IsDefined(value) ? value : null;
}
