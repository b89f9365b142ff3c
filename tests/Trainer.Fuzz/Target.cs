namespace Trainer.Fuzz;

/// <summary>Something that reads what others wrote.</summary>
/// <param name="Name">Of its folder in the corpus.</param>
/// <param name="Read">Reads an input. What it throws beside <paramref name="Refusals"/> is a fault.</param>
/// <param name="Refusals">How an input is refused.</param>
/// <param name="Seeds">Inputs to begin with, of which it takes one at least.</param>
public sealed record Target(string Name, Action<byte[]> Read, IReadOnlyList<Type> Refusals, IReadOnlyList<byte[]> Seeds)
{
    /// <summary>That one input may make it allocate, whatever its size.</summary>
    private const long SparedBytes = 64L << 20;

    /// <summary>And for each of its bytes.</summary>
    private const long BytesForEach = 2000;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <summary>Why it refuses an input; empty: it takes it.</summary>
    public string Refusal(byte[] input)
    {
        try
        {
            Read(input);
            return "";
        }
        catch (Exception e) when (Refusals.Any(refusal => refusal.IsInstanceOfType(e)))
        {
            return e.Message;
        }
    }

    /// <summary>Null: it was read or refused as it should be; else what was wrong.</summary>
    /// <param name="alone">Nothing else runs in the process: what other threads allocate counts, and so does time.</param>
    public string? Try(byte[] input, bool alone = false)
    {
        var (bytes, start) = (Allocated(alone), System.Diagnostics.Stopwatch.StartNew());
        try
        {
            Read(input);
        }
        catch (Exception e) when (Refusals.Any(refusal => refusal.IsInstanceOfType(e)))
        {
            if (string.IsNullOrWhiteSpace(e.Message))
            {
                return $"{e.GetType().Name} without a word";
            }
        }
        catch (Exception e)
        {
            return e.ToString();
        }

        bytes = Allocated(alone) - bytes;
        return bytes > SparedBytes + (BytesForEach * input.Length) ? $"allocated {bytes >> 20} MiB for {input.Length} bytes"
            : alone && start.Elapsed > Longest ? $"took {start.Elapsed.TotalSeconds:0.0} s for {input.Length} bytes"
            : null;
    }

    private static long Allocated(bool alone) => alone ? GC.GetTotalAllocatedBytes() : GC.GetAllocatedBytesForCurrentThread();
}
