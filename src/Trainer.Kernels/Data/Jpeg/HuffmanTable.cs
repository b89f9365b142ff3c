namespace Trainer.Kernels.Data.Jpeg;

/// <summary>A Huffman table of a JPEG, as what the next bits say: a code, the value behind it and how far both reach, by one look-up where they are short.</summary>
/// <remarks>
/// ITU-T T.81, C.2 and F.2.2. An entry: bits 0 to 5 how many bits it takes, 8 to 15 how many coefficients it passes over, 16 to 31 the value.
/// Where the value's bits reach beyond the look-up: <see cref="HasBits"/>, and 16 to 31 say how many they are. Where the code does: 0.
/// </remarks>
internal sealed class HuffmanTable
{
    public const int LookupBits = 10;

    /// <summary>Of an entry: how many bits it takes.</summary>
    public const int LengthMask = 63;

    /// <summary>Flag of an entry: the value's bits follow those that were looked at.</summary>
    public const int HasBits = 0x40;

    /// <summary>What an entry passes over that ends its block: more than any other can reach.</summary>
    public const int EndOfBlock = 128;

    private const int LongestCode = 16;
    private const int MostSymbols = 256;
    private const int MostBitsOfDifference = 11;
    private const int MostBitsOfCoefficient = 10;

    private readonly byte[] _symbols = new byte[MostSymbols];

    /// <summary>By length: the first code that is too large for it, left-aligned in 16 bits.</summary>
    private readonly int[] _ends = new int[LongestCode + 2];

    /// <summary>By length: what to add to a code for its symbol's index.</summary>
    private readonly int[] _offsets = new int[LongestCode + 1];

    private readonly byte[] _counts = new byte[LongestCode];
    private int _length = -1;
    private bool _isOfDifferences;

    public int[] Lookup { get; } = new int[1 << LookupBits];

    /// <summary>Makes it that of a file's segment; nothing where it is that already, as of the file before.</summary>
    /// <param name="counts">Of codes with 1 to 16 bits.</param>
    /// <param name="symbols">By code.</param>
    /// <param name="ofDifferences">Whether its symbols are of the first coefficients.</param>
    /// <returns>Whether it is one that 8-bit pictures have.</returns>
    public bool Set(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols, bool ofDifferences)
    {
        if (_length == symbols.Length && _isOfDifferences == ofDifferences && counts.SequenceEqual(_counts) && symbols.SequenceEqual(_symbols.AsSpan(0, _length)))
        {
            return true;
        }

        _length = -1;
        symbols.CopyTo(_symbols);
        counts.CopyTo(_counts);
        if (!AreKnown(symbols, ofDifferences) || !SetCodes())
        {
            return false;
        }

        (_length, _isOfDifferences) = (symbols.Length, ofDifferences);
        return true;
    }

    private static bool AreKnown(ReadOnlySpan<byte> symbols, bool ofDifferences)
    {
        foreach (var symbol in symbols)
        {
            if (ofDifferences ? symbol > MostBitsOfDifference : (symbol & 15) > MostBitsOfCoefficient || ((symbol & 15) == 0 && symbol is not (0 or 0xF0)))
            {
                return false;
            }
        }

        return true;
    }

    private bool SetCodes()
    {
        Array.Clear(Lookup);
        var (code, index) = (0, 0);
        for (var length = 1; length <= LongestCode; length++)
        {
            _offsets[length] = index - code;
            for (var i = 0; i < _counts[length - 1]; i++, code++, index++)
            {
                if (code >= (1 << length) - 1) // No code is of ones alone.
                {
                    return false;
                }

                SetEntries(code, length, _symbols[index]);
            }

            _ends[length] = code << (LongestCode - length);
            code <<= 1;
        }

        _ends[LongestCode + 1] = int.MaxValue;
        return true;
    }

    /// <summary>Of all bits that begin with a code.</summary>
    private void SetEntries(int code, int length, int symbol)
    {
        var free = LookupBits - length;
        for (var rest = 0; free >= 0 && rest < 1 << free; rest++)
        {
            Lookup[(code << free) | rest] = Entry(length, symbol, rest, free);
        }
    }

    private static int Entry(int length, int symbol, int rest, int restBits)
    {
        var (bits, advance) = (symbol & 15, symbol == 0 ? EndOfBlock : symbol >> 4);
        return bits <= restBits
            ? (Extend(rest >> (restBits - bits), bits) << 16) | (advance << 8) | (length + bits)
            : (bits << 16) | (advance << 8) | HasBits | length;
    }

    /// <summary>The entry of a code that is longer than the look-up, with its bits to follow.</summary>
    /// <param name="next">The next 16 bits.</param>
    /// <returns>0: there is no such code.</returns>
    public int Long(int next)
    {
        var length = LookupBits + 1;
        while (next >= _ends[length])
        {
            length++;
        }

        if (length > LongestCode)
        {
            return 0;
        }

        int symbol = _symbols[(next >> (LongestCode - length)) + _offsets[length]];
        return ((symbol & 15) << 16) | ((symbol == 0 ? EndOfBlock : symbol >> 4) << 8) | HasBits | length;
    }

    /// <summary>A value of so many bits: those that begin with 0 are negative (F.12).</summary>
    public static int Extend(int value, int bits) => value + (((value - (1 << bits >> 1)) >> 31) & (1 - (1 << bits)));
}
