using System.Runtime.Intrinsics.X86;

namespace Trainer.Kernels.Data.Jpeg;

/// <summary>
/// Decodes JPEGs as libjpeg does, bit for bit, with vectors: those that <see cref="JpegFrame"/> describes, where nothing about them is odd. Of all others it says that it does not,
/// so that who knows them better decides what they are and what is wrong with them. For one thread at a time.
/// </summary>
internal sealed class JpegDecoder
{
    private const int BlockSide = 8;

    /// <summary>Pixels around a part whose colours reach into it: a sample of a component that is half as fine.</summary>
    private const int Margin = 2;

    private readonly JpegFrame _frame = new();
    private readonly EntropySegments _segments = new();
    private readonly JpegPlane[] _planes = [new(), new(), new()];
    private readonly int[] _before = new int[3];
    private readonly int[] _block = new int[BlockReader.Room];
    private readonly int[] _unused = new int[BlockReader.Room];
    private readonly ChromaRow _cb = new();
    private readonly ChromaRow _cr = new();
    private Area _part;

    /// <summary>Whether this machine has the instructions.</summary>
    public static bool IsSupported => Avx2.IsSupported;

    private int UnitsAcross => Units(_frame.Width, _frame.Components[0].Across);

    private int UnitsDown => Units(_frame.Height, _frame.Components[0].Down);

    /// <param name="part">What of the picture is wanted, by its height and width; null: all of it. The rest is read and not made.</param>
    /// <returns>Whether the picture has its pixels; otherwise they are of no meaning.</returns>
    public bool TryDecode(ReadOnlySpan<byte> file, Picture picture, Func<int, int, Area>? part = null)
    {
        if (!_frame.Read(file) || !_segments.Read(file[_frame.Scan..]) || !IsPlausible())
        {
            return false;
        }

        _part = part?.Invoke(_frame.Height, _frame.Width) ?? new Area(0, 0, _frame.Height, _frame.Width);
        Array.Clear(_block);
        for (var i = 0; i < _frame.Components.Length; i++)
        {
            Reshape(_planes[i], _frame.Components[i]);
        }

        if (!ReadUnits())
        {
            return false;
        }

        Write(picture);
        return true;
    }

    /// <summary>Before memory is taken: a block has two bits at least, and no picture is larger than an array.</summary>
    private bool IsPlausible()
    {
        var units = (long)UnitsAcross * UnitsDown;
        var blocks = 0;
        foreach (var component in _frame.Components)
        {
            blocks += component.Across * component.Down;
        }

        var segments = _frame.Interval == 0 ? 1 : (units + _frame.Interval - 1) / _frame.Interval;
        return segments == _segments.Ends.Count && units * blocks * 2 <= _segments.Ends[^1] * 8L && 4L * _frame.Width * _frame.Height <= int.MaxValue;
    }

    private void Reshape(JpegPlane plane, JpegComponent component)
    {
        var (all, width, height) = (_frame.Components[0], _frame.Width, _frame.Height);
        plane.Reshape(
            ((height * component.Down) + all.Down - 1) / all.Down, ((width * component.Across) + all.Across - 1) / all.Across,
            UnitsAcross * component.Across * BlockSide, UnitsDown * component.Down * BlockSide);
    }

    private bool ReadUnits()
    {
        var (units, start) = (UnitsAcross * UnitsDown, 0);
        var interval = _frame.Interval == 0 ? units : _frame.Interval;
        for (var segment = 0; segment < _segments.Ends.Count; segment++)
        {
            var reader = new BlockReader(_segments.Bytes, start);
            Array.Clear(_before);
            for (var unit = segment * interval; unit < Math.Min(units, (segment + 1) * interval); unit++)
            {
                if (!ReadUnit(ref reader, unit / UnitsAcross, unit % UnitsAcross))
                {
                    return false;
                }
            }

            start = _segments.Ends[segment];
            if (reader.Position > 8L * start || reader.Position <= 8L * (start - 1))
            {
                return false;
            }
        }

        return true;
    }

    private bool ReadUnit(ref BlockReader reader, int row, int column)
    {
        var isWanted = IsWanted(row, column);
        for (var i = 0; i < _frame.Components.Length; i++)
        {
            var component = _frame.Components[i];
            for (var block = 0; block < component.Across * component.Down; block++)
            {
                var count = reader.Read(component.First!, component.Rest!, component.Steps, isWanted ? _block : _unused, out var difference);
                _before[i] += difference;
                if (count == 0 || _before[i] is < short.MinValue or > short.MaxValue)
                {
                    return false;
                }

                var (down, across) = ((row * component.Down) + (block / component.Across), (column * component.Across) + (block % component.Across));
                if (isWanted && !MakePixels(count, _before[i] * component.Steps.Steps[0], _planes[i].Block(down, across), _planes[i].Stride))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>Whether a unit has pixels of the part, or such as those are made of.</summary>
    private bool IsWanted(int row, int column)
    {
        var (height, width) = (BlockSide * _frame.Components[0].Down, BlockSide * _frame.Components[0].Across);
        return ((row + 1) * height) + Margin > _part.Top && (row * height) - Margin < _part.Top + _part.Height
            && ((column + 1) * width) + Margin > _part.Left && (column * width) - Margin < _part.Left + _part.Width;
    }

    private bool MakePixels(int count, int first, Span<byte> pixels, int stride)
    {
        if (count == 1)
        {
            return InverseDct.Fill(first, pixels, stride);
        }

        _block[0] = first;
        return InverseDct.Run(_block, pixels, stride);
    }

    private void Write(Picture picture)
    {
        picture.Reshape(_part.Height, _part.Width, 3);
        for (var row = 0; row < _part.Height; row++)
        {
            var y = _part.Top + row;
            var light = _planes[0].Row(y).Slice(_part.Left, _part.Width);
            if (_frame.Components.Length == 1)
            {
                ColourRow.Write(light, picture.Row(row));
            }
            else
            {
                ColourRow.Write(light, Chroma(_cb, _planes[1], y), Chroma(_cr, _planes[2], y), picture.Row(row));
            }
        }
    }

    /// <summary>As fine as the picture, from the part's left on.</summary>
    private ReadOnlySpan<byte> Chroma(ChromaRow row, JpegPlane plane, int y)
    {
        if (_frame.Components[0].Across == 1)
        {
            return plane.Row(y)[_part.Left..];
        }

        var (from, to) = (_part.Left / 2, (_part.Left + _part.Width + 1) / 2);
        var pixels = _frame.Components[0].Down == 1
            ? row.Across(plane.Row(y), from, to)
            : row.Both(plane.Row(y / 2), plane.Row((y / 2) + (y % 2 == 0 ? -1 : 1)), from, to);
        return pixels[(_part.Left % 2)..];
    }

    private static int Units(int pixels, int blocks) => (pixels + (BlockSide * blocks) - 1) / (BlockSide * blocks);
}
