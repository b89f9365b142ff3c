using System.Globalization;
using System.Runtime.InteropServices;

namespace Trainer.Kernels.Devices.Cpu.Threading;

/// <summary>Some of the machine's processors, by their numbers, for a device's threads to keep to.</summary>
public sealed partial class Processors
{
    private const int BitsOfWord = 64;

    private readonly int[] _numbers;

    private Processors(IEnumerable<int> numbers) => _numbers = [.. numbers.Order().Distinct()];

    public int Count => _numbers.Length;

    /// <summary>As the kernel lists them: <c>0-3,8</c>. Nothing for none.</summary>
    /// <exception cref="FormatException">It is no such list.</exception>
    public static Processors Parse(string list) => new(list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).SelectMany(Range));

    /// <summary>Those of a list that are in another one as well.</summary>
    public Processors Among(Processors others) => new(_numbers.Intersect(others._numbers));

    /// <summary>As the kernel lists them.</summary>
    public override string ToString()
    {
        var ranges = new List<(int First, int Last)>();
        foreach (var number in _numbers)
        {
            if (ranges is [.., var (first, last)] && number == last + 1)
            {
                ranges[^1] = (first, number);
            }
            else
            {
                ranges.Add((number, number));
            }
        }

        return string.Join(',', ranges.Select(range => range.First == range.Last ? $"{range.First}" : $"{range.First}-{range.Last}"));
    }

    /// <summary>From now on the calling thread runs on these alone, and so do those that it starts.</summary>
    /// <exception cref="DeviceException">The process may use none of them.</exception>
    internal void Bind()
    {
        var mask = new ulong[(_numbers[^1] / BitsOfWord) + 1];
        foreach (var number in _numbers)
        {
            mask[number / BitsOfWord] |= 1UL << (number % BitsOfWord);
        }

        if (SetAffinity(0, (nuint)(mask.Length * sizeof(ulong)), mask) != 0)
        {
            throw new DeviceException($"A thread cannot keep to processors {this}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");
        }
    }

    private static IEnumerable<int> Range(string text)
    {
        var ends = text.Split('-').Select(number => int.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture)).ToList();
        return ends is [var first, .. [] or [_]] ? Enumerable.Range(first, ends[^1] - first + 1) : throw new FormatException($"'{text}' is no range of processors.");
    }

    [LibraryImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
    private static partial int SetAffinity(int thread, nuint bytes, [In] ulong[] mask);
}
