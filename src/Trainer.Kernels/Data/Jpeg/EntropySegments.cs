namespace Trainer.Kernels.Data.Jpeg;

/// <summary>The coded bytes of a scan without what is stuffed between them, and where its restarts part them. Its memory is used again.</summary>
internal sealed class EntropySegments
{
    /// <summary>Zeros behind the last segment, so that a block of any bits may be read at an end, and is told afterwards.</summary>
    private const int Padding = 512;

    private const byte Marker = 0xFF;
    private const byte FirstRestart = 0xD0;
    private const byte EndOfImage = 0xD9;

    private readonly List<int> _ends = [];
    private byte[] _bytes = [];

    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Where each segment ends, and the next one begins.</summary>
    public IReadOnlyList<int> Ends => _ends;

    /// <param name="coded">From behind the scan's header to the file's end.</param>
    /// <returns>Whether it ends in the image's end, with restarts in their order alone before that.</returns>
    public bool Read(ReadOnlySpan<byte> coded)
    {
        _ends.Clear();
        if (_bytes.Length < coded.Length + Padding)
        {
            _bytes = new byte[coded.Length + (coded.Length / 2) + Padding];
        }

        for (int at = 0, end = 0; ;)
        {
            var length = coded[at..].IndexOf(Marker);
            if (length < 0 || at + length + 1 >= coded.Length)
            {
                return false;
            }

            coded.Slice(at, length).CopyTo(_bytes.AsSpan(end));
            (at, end) = (at + length + 2, end + length);
            var code = coded[at - 1];
            if (code == 0)
            {
                _bytes[end++] = Marker;
                continue;
            }

            _ends.Add(end);
            if (code != FirstRestart + ((_ends.Count - 1) % 8))
            {
                _bytes.AsSpan(end, Padding).Clear();
                return code == EndOfImage;
            }
        }
    }
}
