namespace Trainer.Kernels.Tests.Data;

/// <summary>A JPEG of drawn coefficients, coded by a Huffman table of drawn order with codes of 2 to 16 bits: of kinds that encoders do not write, or not always.</summary>
/// <param name="Sampling">Blocks across and down in a unit, of each component.</param>
/// <param name="Interval">Units between restarts; 0: none.</param>
internal sealed record HandmadeJpeg(int Height, int Width, (int Across, int Down)[] Sampling, int Interval = 0)
{
    private const int EndOfBlock = 0;
    private const int SixteenZeros = 0xF0;

    /// <summary>Of codes with 1 to 16 bits: 162 in all.</summary>
    private static readonly byte[] AcCounts = [0, 1, 2, 0, 4, 0, 8, 0, 8, 0, 8, 0, 0, 0, 0, 131];

    private static readonly byte[] DcCounts = [0, 1, 2, 3, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>How large coefficients are, in bits, at most.</summary>
    public int CoefficientBits { get; init; } = 4;

    /// <summary>How large the first ones' differences are, in bits, at most.</summary>
    public int DifferenceBits { get; init; } = 6;

    /// <summary>The largest step.</summary>
    public int MostStep { get; init; } = 40;

    /// <summary>Segments before the frame.</summary>
    public byte[] Segments { get; init; } = [0xFF, 0xE0, 0, 16, (byte)'J', (byte)'F', (byte)'I', (byte)'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0];

    public byte Frame { get; init; } = 0xC0;

    public byte[] Ids { get; init; } = [1, 2, 3, 4];

    public byte[] Write(int seed)
    {
        var random = new Random(seed);
        var (dc, ac) = (Enumerable.Range(0, 12).Select(i => (byte)i).ToArray(), AcSymbols());
        random.Shuffle(dc);
        random.Shuffle(ac);
        List<byte> file = [0xFF, 0xD8, .. Segments];
        AddSegment(file, 0xDB, [0, .. Enumerable.Range(0, 64).Select(_ => (byte)random.Next(1, MostStep + 1))]);
        AddSegment(file, Frame, [8, (byte)(Height >> 8), (byte)Height, (byte)(Width >> 8), (byte)Width, (byte)Sampling.Length,
            .. Sampling.SelectMany((part, i) => new byte[] { Ids[i], (byte)((part.Across << 4) | part.Down), 0 })]);
        AddSegment(file, 0xC4, [0, .. DcCounts, .. dc, 0x10, .. AcCounts, .. ac]);
        if (Interval > 0)
        {
            AddSegment(file, 0xDD, [(byte)(Interval >> 8), (byte)Interval]);
        }

        AddSegment(file, 0xDA, [(byte)Sampling.Length, .. Ids.Take(Sampling.Length).SelectMany(id => new byte[] { id, 0 }), 0, 63, 0]);
        AddUnits(file, random, Codes(DcCounts, dc), Codes(AcCounts, ac));
        return [.. file, 0xFF, 0xD9];
    }

    private static byte[] AcSymbols() => [EndOfBlock, SixteenZeros, .. Enumerable.Range(0, 160).Select(i => (byte)(((i / 10) << 4) | ((i % 10) + 1)))];

    private static void AddSegment(List<byte> file, byte kind, byte[] content) => file.AddRange([0xFF, kind, (byte)((content.Length + 2) >> 8), (byte)(content.Length + 2), .. content]);

    /// <summary>By symbol.</summary>
    private static Dictionary<int, (int Code, int Length)> Codes(byte[] counts, byte[] symbols)
    {
        var (codes, code, next) = (new Dictionary<int, (int, int)>(), 0, 0);
        for (var length = 1; length <= 16; length++, code <<= 1)
        {
            for (var i = 0; i < counts[length - 1]; i++)
            {
                codes[symbols[next++]] = (code++, length);
            }
        }

        return codes;
    }

    private void AddUnits(List<byte> file, Random random, Dictionary<int, (int Code, int Length)> dc, Dictionary<int, (int Code, int Length)> ac)
    {
        var (across, down) = Sampling.Length == 1 ? (1, 1) : (Sampling.Max(part => part.Across), Sampling.Max(part => part.Down));
        var units = ((Width + (8 * across) - 1) / (8 * across)) * ((Height + (8 * down) - 1) / (8 * down));
        var (bits, before) = (new BitWriter(file), new int[Sampling.Length]);
        for (var unit = 0; unit < units; unit++)
        {
            if (Interval > 0 && unit > 0 && unit % Interval == 0)
            {
                bits.Flush();
                file.AddRange([0xFF, (byte)(0xD0 + (((unit / Interval) - 1) % 8))]);
                Array.Clear(before);
            }

            for (var part = 0; part < Sampling.Length; part++)
            {
                for (var block = 0; block < (Sampling.Length == 1 ? 1 : Sampling[part].Across * Sampling[part].Down); block++)
                {
                    AddBlock(bits, random, dc, ac, ref before[part]);
                }
            }
        }

        bits.Flush();
    }

    private void AddBlock(BitWriter bits, Random random, Dictionary<int, (int Code, int Length)> dc, Dictionary<int, (int Code, int Length)> ac, ref int before)
    {
        var most = 1 << DifferenceBits;
        var value = Math.Clamp(before + random.Next(-most + 1, most), -most + 1, most - 1);
        var difference = Math.Clamp(value - before, -most + 1, most - 1);
        before += difference;
        bits.AddValue(dc, 0, difference);
        var kind = random.Next(4);
        for (var k = 1; k < 64 && kind > 0; k++)
        {
            var run = random.Next(kind == 1 ? 2 : 40);
            for (; run > 15 && k + 16 < 64; run -= 16, k += 16)
            {
                bits.AddCode(ac[SixteenZeros]);
            }

            run = Math.Min(run, 15);
            if (k + run > 63)
            {
                break;
            }

            k += run;
            var largest = 1 << random.Next(1, CoefficientBits + 1);
            var coefficient = random.Next(1, largest) * (random.Next(2) == 0 ? 1 : -1);
            bits.AddValue(ac, run << 4, coefficient);
            if (k == 63)
            {
                return;
            }
        }

        bits.AddCode(ac[EndOfBlock]);
    }

    private sealed class BitWriter(List<byte> target)
    {
        private int _bits;
        private int _count;

        public void AddValue(Dictionary<int, (int Code, int Length)> codes, int symbol, int value)
        {
            var length = 32 - int.LeadingZeroCount(Math.Abs(value));
            AddCode(codes[symbol | length]);
            AddCode((value < 0 ? value - 1 + (1 << length) : value, length));
        }

        public void AddCode((int Code, int Length) code)
        {
            for (var i = code.Length - 1; i >= 0; i--)
            {
                _bits = (_bits << 1) | ((code.Code >> i) & 1);
                if (++_count == 8)
                {
                    target.Add((byte)_bits);
                    if (_bits == 0xFF)
                    {
                        target.Add(0);
                    }

                    (_bits, _count) = (0, 0);
                }
            }
        }

        /// <summary>With ones, up to a whole byte.</summary>
        public void Flush()
        {
            while (_count > 0)
            {
                AddCode((1, 1));
            }
        }
    }
}
