using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Trainer.Kernels.Data.Jpeg;

/// <summary>Reads the blocks of a scan, one after the other.</summary>
/// <remarks>
/// ITU-T T.81, F.2.2. The next bits are kept in 64, and filled by a read of eight bytes where fewer are left than a coefficient may take
/// (https://fgiesen.wordpress.com/2018/02/20/reading-bits-in-far-too-many-ways-part-2, variant 4). Within a block nothing is checked: it can read no further than
/// <see cref="MostBytes"/> and write no further than <see cref="Room"/>; what was wrong is told behind it.
/// </remarks>
internal ref struct BlockReader
{
    /// <summary>What a block's memory must hold: 64 coefficients, and one that takes what has no place.</summary>
    public const int Room = 72;

    /// <summary>What a block reads at most, whatever its bits are, with what is read ahead.</summary>
    public const int MostBytes = 256;

    private const int Coefficients = 64;

    /// <summary>More than a code of 16 and a value of 11 bits.</summary>
    private const int EnoughBits = 32;

    private readonly ref byte _bytes;
    private readonly int _limit;
    private ulong _bits;
    private int _count;
    private int _at;

    /// <param name="bytes">Of all segments, with <see cref="MostBytes"/> or more behind the last one.</param>
    /// <param name="start">Of the segment to read.</param>
    public BlockReader(ReadOnlySpan<byte> bytes, int start)
    {
        _bytes = ref MemoryMarshal.GetReference(bytes);
        (_limit, _at) = (bytes.Length - MostBytes, start);
    }

    /// <summary>How many bits were taken, of all that lie before the segment too.</summary>
    public readonly long Position => (8L * _at) - _count;

    /// <summary>Reads the next block.</summary>
    /// <param name="first">What the first coefficient is coded with.</param>
    /// <param name="rest">What all others are coded with.</param>
    /// <param name="steps">As <see cref="QuantTable"/> has them.</param>
    /// <param name="block">Zeros, <see cref="Room"/> of them: coefficients times their steps are written, by rows, all but the first.</param>
    /// <param name="difference">Of the first coefficient to that of the block before, in steps.</param>
    /// <returns>How many coefficients there are, in their order; 0: there is no such block.</returns>
    public int Read(HuffmanTable first, HuffmanTable rest, QuantTable steps, Span<int> block, out int difference)
    {
        if (_at > _limit || block.Length < Room)
        {
            difference = 0;
            return 0;
        }

        difference = ReadFirst(first);
        var k = difference == int.MinValue ? 0 : ReadRest(rest, ref MemoryMarshal.GetArrayDataReference(steps.Steps), ref MemoryMarshal.GetReference(block));
        return k > HuffmanTable.EndOfBlock ? k - HuffmanTable.EndOfBlock - 1 : k == Coefficients ? k : 0;
    }

    private int ReadFirst(HuffmanTable table)
    {
        Fill(ref _bytes, ref _bits, ref _count, ref _at);
        var entry = table.Lookup[(int)(_bits >> (64 - HuffmanTable.LookupBits))];
        if (entry == 0 && (entry = table.Long((int)(_bits >> 48))) == 0)
        {
            return int.MinValue;
        }

        return Take(entry, ref _bits, ref _count);
    }

    /// <returns>Where it ended.</returns>
    private int ReadRest(HuffmanTable table, ref int steps, ref int block)
    {
        ref var lookup = ref MemoryMarshal.GetArrayDataReference(table.Lookup);
        ref var places = ref MemoryMarshal.GetReference(QuantTable.Places);
        ref var bytes = ref _bytes;
        var (bits, count, at, k) = (_bits, _count, _at, 1);
        do
        {
            if (count < EnoughBits)
            {
                Fill(ref bytes, ref bits, ref count, ref at);
            }

            var entry = Unsafe.Add(ref lookup, (nint)(bits >> (64 - HuffmanTable.LookupBits)));
            if (entry == 0 && (entry = table.Long((int)(bits >> 48))) == 0)
            {
                return 0;
            }

            var value = Take(entry, ref bits, ref count);
            k += (byte)(entry >> 8);
            Unsafe.Add(ref block, Unsafe.Add(ref places, k)) = value * Unsafe.Add(ref steps, k);
            k++;
        }
        while (k < Coefficients);
        (_bits, _count, _at) = (bits, count, at);
        return k;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fill(ref byte bytes, ref ulong bits, ref int count, ref int at)
    {
        bits |= BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref bytes, at))) >> count;
        at += (63 - count) >> 3;
        count |= 56;
    }

    /// <returns>The value of what the next bits say.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Take(int entry, ref ulong bits, ref int count)
    {
        bits <<= entry;
        count -= entry & HuffmanTable.LengthMask;
        var value = entry >> 16;
        if ((entry & HuffmanTable.HasBits) != 0)
        {
            var length = value;
            value = HuffmanTable.Extend((int)(bits >> 1 >> (63 - length)), length);
            bits <<= length;
            count -= length;
        }

        return value;
    }
}
