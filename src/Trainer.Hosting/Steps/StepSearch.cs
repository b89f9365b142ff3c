using System.Buffers.Text;

namespace Trainer.Hosting.Steps;

/// <summary>Finds a step in a file of steps by halves: whoever follows a long record asks for its end again and again.</summary>
internal static class StepSearch
{
    /// <summary>A stretch of a file that is read as quickly as it is halved.</summary>
    private const int Near = 1 << 15;

    /// <summary>Brings a file to a line's beginning before a step, not far from it. Leaves it where it is if it can only be read on, or the step is near its beginning.</summary>
    /// <param name="file">At its beginning. Its steps ascend.</param>
    /// <exception cref="IOException">The store.</exception>
    public static void Seek(Stream file, ulong step)
    {
        if (!file.CanSeek || step <= 1)
        {
            return;
        }

        var (low, high) = (file.Position, file.Length);
        Span<byte> buffer = stackalloc byte[2 * StepFiles.LongestLine];
        while (high - low > Near)
        {
            var middle = low + ((high - low) / 2);
            if (StepBehind(file, middle, buffer, out var line) is not { } there)
            {
                break; // No line, or none that is whole: from below it is read through.
            }

            (low, high) = there < step ? (line, high) : (low, middle);
        }

        file.Position = low;
    }

    /// <summary>The step of the first line that begins behind a place, and where that line begins.</summary>
    private static ulong? StepBehind(Stream file, long place, Span<byte> buffer, out long line)
    {
        file.Position = place;
        var read = buffer[..file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)];
        var begin = read.IndexOf((byte)'\n') + 1;
        line = place + begin;
        return begin > 0 && Utf8Parser.TryParse(read[begin..], out ulong step, out var digits) && begin + digits < read.Length && read[begin + digits] == ',' ? step : null;
    }
}
