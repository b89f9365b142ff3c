namespace Trainer.Kernels.Data.Pictures;

/// <summary>
/// Walks over a struct that Thrift's compact protocol wrote, as Parquet's metadata is, and refuses one over which a reader would walk for ever or without bottom: a list of more elements than there are
/// bytes, structs within structs within structs, something else than a field should have, which the library takes for that all the same, or what it does not pass over as the protocol has it: sets, maps, lists of booleans.
/// </summary>
/// <remarks>https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md. Every element takes a byte at least.</remarks>
internal ref struct ThriftWalk(ReadOnlySpan<byte> bytes)
{
    /// <summary>Parquet's metadata has seven.</summary>
    private const int Deepest = 24;

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Bytes walked over.</summary>
    public int At { get; private set; }

    /// <summary>Whole numbers of the struct's first nine fields, at ten times the field's number, and of the first nine of the structs in those, behind it; null where there is none.</summary>
    public readonly long?[] Numbers { get; } = new long?[100];

    /// <param name="shape">Its name in <see cref="ParquetShapes"/>.</param>
    /// <exception cref="InvalidDataException">It cannot be walked over.</exception>
    /// <exception cref="EndOfStreamException">It goes on beyond the bytes.</exception>
    public void Struct(string shape) => Struct(shape, depth: 0, outer: 0);

    /// <param name="outer">The field of the outermost struct that it is in.</param>
    private void Struct(string? shape, int depth, int outer)
    {
        for (var field = 0; Byte() is var header and not 0;)
        {
            field = header >> 4 is var step and > 0 ? field + step : (int)Within(ZigZag(), short.MinValue, short.MaxValue);
            Value(ParquetShapes.FieldOf(shape, field), header & 15, depth, depth switch { 0 => 10 * field, 1 => Place(outer, field), _ => 0 }, isElement: false);
        }
    }

    /// <param name="place">Among the numbers that are kept; 0: none.</param>
    private void Value(string? shape, int type, int depth, int place, bool isElement)
    {
        if (depth > Deepest)
        {
            throw new InvalidDataException($"its metadata has more than {Deepest} structs and lists within each other");
        }

        if (!ParquetShapes.IsOf(shape, type))
        {
            throw new InvalidDataException($"its metadata has a value of type {type} where {shape} is expected");
        }

        switch (type)
        {
            case 1 or 2 when !isElement:
                break;
            case 3:
                Skip(1);
                break;
            case 4:
                Number(place, Within(ZigZag(), short.MinValue, short.MaxValue));
                break;
            case 5:
                Number(place, Within(ZigZag(), int.MinValue, int.MaxValue));
                break;
            case 6:
                Number(place, ZigZag());
                break;
            case 7:
                Skip(8);
                break;
            case 8:
                Skip(Length());
                break;
            case 9:
                List(ParquetShapes.ElementOf(shape), depth);
                break;
            case 12:
                Struct(shape, depth + 1, place);
                break;
            default:
                throw new InvalidDataException($"its metadata has {(isElement ? "elements" : "a value")} of type {type}, which Parquet's have not");
        }
    }

    // The library cuts off what is more, and would read on elsewhere.
    private static long Within(long value, long least, long most) => value >= least && value <= most
        ? value
        : throw new InvalidDataException($"its metadata has the number {value} where one from {least} to {most} is expected");

    private static int Place(int outer, int field) => outer > 0 && field is > 0 and < 10 ? outer + field : 0;

    private readonly void Number(int place, long value)
    {
        if (place is > 0 and < 100)
        {
            Numbers[place] = value;
        }
    }

    private void List(string? element, int depth)
    {
        var header = Byte();
        var count = header >> 4 is var few and < 15 ? Bounded((ulong)few) : Length();
        for (var i = 0; i < count; i++)
        {
            Value(element, header & 15, depth + 1, place: 0, isElement: true);
        }
    }

    private int Length() => Bounded(Varint());

    private readonly int Bounded(ulong length) => length <= (ulong)(_bytes.Length - At)
        ? (int)length
        : throw new EndOfStreamException($"its metadata has something of {length} bytes or elements where {_bytes.Length - At} bytes are left");

    private void Skip(int count) => At += Bounded((ulong)count);

    private int Byte()
    {
        Skip(1);
        return _bytes[At - 1];
    }

    private long ZigZag() => Varint() is var value ? (long)(value >> 1) ^ -(long)(value & 1) : 0;

    private ulong Varint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Byte();
            value |= (ulong)(next & 127) << shift;
            if (next < 128)
            {
                return value;
            }
        }

        throw new InvalidDataException("its metadata has a number of more than 64 bits");
    }
}
