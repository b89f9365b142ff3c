using System.Buffers.Binary;

namespace Trainer.Kernels.Data.Jpeg;

/// <summary>A component of a frame: brightness, or one of two differences of colour.</summary>
/// <param name="Across">Blocks side by side in a unit.</param>
/// <param name="Down">Blocks one above the other in a unit.</param>
internal readonly record struct JpegComponent(byte Id, int Across, int Down, QuantTable Steps)
{
    public HuffmanTable? First { get; init; }

    public HuffmanTable? Rest { get; init; }
}

/// <summary>
/// What stands before the pixels of a JPEG: of most of those that are met, with pixels of 8 bits, one scan of Huffman codes, grey or YCbCr with differences of colour as fine as brightness, half as fine
/// across, or half as fine both ways. Whatever else a file holds is for others to read.
/// </summary>
/// <remarks>ITU-T T.81, annex B. Tables are kept for the next file, which has the same ones more often than not.</remarks>
internal sealed class JpegFrame
{
    private const int Largest = 65500; // As libjpeg allows.
    private const byte StartOfImage = 0xD8;
    private const byte BaselineFrame = 0xC0;
    private const byte ExtendedFrame = 0xC1;
    private const byte HuffmanTables = 0xC4;
    private const byte QuantTables = 0xDB;
    private const byte RestartInterval = 0xDD;
    private const byte StartOfScan = 0xDA;
    private const byte Comment = 0xFE;
    private const byte App0 = 0xE0;
    private const byte App14 = 0xEE;
    private const byte App15 = 0xEF;

    private readonly QuantTable[] _steps = Tables<QuantTable>();
    private readonly HuffmanTable[] _first = Tables<HuffmanTable>();
    private readonly HuffmanTable[] _rest = Tables<HuffmanTable>();
    private readonly JpegComponent[] _components = new JpegComponent[3];
    private int _seenFirst;
    private int _seenRest;
    private bool _isJfif;
    private int _adobe;

    public int Height { get; private set; }

    public int Width { get; private set; }

    public ReadOnlySpan<JpegComponent> Components => _components.AsSpan(0, Count);

    /// <summary>Units between restarts; 0: there are none.</summary>
    public int Interval { get; private set; }

    /// <summary>Where the coded bytes begin.</summary>
    public int Scan { get; private set; }

    private int Count { get; set; }

    /// <returns>Whether it is such a file.</returns>
    public bool Read(ReadOnlySpan<byte> file)
    {
        (Count, Interval, _seenFirst, _seenRest, _isJfif, _adobe) = (0, 0, 0, 0, false, -1);
        foreach (var steps in _steps)
        {
            steps.Clear();
        }

        if (!file.StartsWith([(byte)0xFF, StartOfImage]))
        {
            return false;
        }

        for (var at = 2; at + 4 <= file.Length && file[at] == 0xFF;)
        {
            int kind = file[at + 1], length = BinaryPrimitives.ReadUInt16BigEndian(file[(at + 2)..]);
            if (length < 2 || at + 2 + length > file.Length || !Read(kind, file.Slice(at + 4, length - 2)))
            {
                return false;
            }

            at += 2 + length;
            if (kind == StartOfScan)
            {
                Scan = at;
                return true;
            }
        }

        return false;
    }

    private bool Read(int kind, ReadOnlySpan<byte> content) => kind switch
    {
        BaselineFrame or ExtendedFrame => ReadFrame(content),
        HuffmanTables => ReadHuffman(content),
        QuantTables => ReadSteps(content),
        RestartInterval => ReadInterval(content),
        StartOfScan => ReadScan(content),
        App0 => ReadJfif(content),
        App14 => ReadAdobe(content),
        Comment or (> App0 and <= App15) => true,
        _ => false,
    };

    private bool ReadFrame(ReadOnlySpan<byte> content)
    {
        if (Count > 0 || content.Length < 6 || content[0] != 8 || content[5] is not (1 or 3) || content.Length != 6 + (3 * content[5]))
        {
            return false;
        }

        (Height, Width, Count) = (BinaryPrimitives.ReadUInt16BigEndian(content[1..]), BinaryPrimitives.ReadUInt16BigEndian(content[3..]), content[5]);
        for (var i = 0; i < Count; i++)
        {
            var component = content.Slice(6 + (3 * i), 3);
            if (component[2] >= _steps.Length)
            {
                return false;
            }

            // One alone has one block in each unit, whatever it says of others (T.81, A.2.2).
            _components[i] = Count == 1 ? new(component[0], 1, 1, _steps[component[2]]) : new(component[0], component[1] >> 4, component[1] & 15, _steps[component[2]]);
        }

        return Height is > 0 and <= Largest && Width is > 0 and <= Largest && (Count == 1 ? (content[7] >> 4) is > 0 and <= 4 && (content[7] & 15) is > 0 and <= 4 : AreKnown(_components));
    }

    /// <remarks>Of two samples across and fewer, libjpeg makes pixels in another way.</remarks>
    private bool AreKnown(JpegComponent[] all) =>
        (all[0].Across, all[0].Down) is (1, 1) or (2, 1) or (2, 2)
        && (all[0].Across == 1 || Width > 4)
        && (all[1].Across, all[1].Down, all[2].Across, all[2].Down) == (1, 1, 1, 1)
        && all[0].Id != all[1].Id && all[0].Id != all[2].Id && all[1].Id != all[2].Id;

    private bool ReadHuffman(ReadOnlySpan<byte> content)
    {
        while (!content.IsEmpty)
        {
            var symbols = 0;
            for (var length = 1; length <= 16 && content.Length > 16; length++)
            {
                symbols += content[length];
            }

            if (content.Length < 17 + symbols || symbols is 0 or > 256 || (content[0] & ~0x13) != 0)
            {
                return false;
            }

            var (isRest, place) = (content[0] >= 16, content[0] & 3);
            if (!(isRest ? _rest : _first)[place].Set(content.Slice(1, 16), content.Slice(17, symbols), !isRest))
            {
                return false;
            }

            (_seenFirst, _seenRest) = isRest ? (_seenFirst, _seenRest | (1 << place)) : (_seenFirst | (1 << place), _seenRest);
            content = content[(17 + symbols)..];
        }

        return true;
    }

    private bool ReadSteps(ReadOnlySpan<byte> content)
    {
        for (; !content.IsEmpty; content = content[(1 + QuantTable.Length)..])
        {
            if (content[0] >= _steps.Length || content.Length < 1 + QuantTable.Length)
            {
                return false;
            }

            _steps[content[0]].Set(content.Slice(1, QuantTable.Length));
        }

        return true;
    }

    private bool ReadInterval(ReadOnlySpan<byte> content)
    {
        if (content.Length != 2)
        {
            return false;
        }

        Interval = BinaryPrimitives.ReadUInt16BigEndian(content);
        return true;
    }

    private bool ReadJfif(ReadOnlySpan<byte> content)
    {
        _isJfif |= content.Length >= 14 && content.StartsWith("JFIF\0"u8);
        return true;
    }

    private bool ReadAdobe(ReadOnlySpan<byte> content)
    {
        if (content.Length >= 12 && content.StartsWith("Adobe"u8))
        {
            _adobe = content[11];
        }

        return true;
    }

    private bool ReadScan(ReadOnlySpan<byte> content)
    {
        if (Count == 0 || content.Length != 4 + (2 * Count) || content[0] != Count || !content[^3..].SequenceEqual((ReadOnlySpan<byte>)[0, 63, 0]))
        {
            return false;
        }

        for (var i = 0; i < Count; i++)
        {
            var (id, first, rest) = (content[1 + (2 * i)], content[2 + (2 * i)] >> 4, content[2 + (2 * i)] & 15);
            if (id != _components[i].Id || !_components[i].Steps.IsSet || first >= _first.Length || rest >= _rest.Length || (_seenFirst & (1 << first)) == 0 || (_seenRest & (1 << rest)) == 0)
            {
                return false;
            }

            _components[i] = _components[i] with { First = _first[first], Rest = _rest[rest] };
        }

        return Count == 1 || IsYCbCr;
    }

    /// <summary>As libjpeg tells it.</summary>
    private bool IsYCbCr => _isJfif || (_adobe >= 0 ? _adobe == 1 : (_components[0].Id, _components[1].Id, _components[2].Id) == (1, 2, 3));

    private static T[] Tables<T>()
        where T : new() => [new(), new(), new(), new()];
}
