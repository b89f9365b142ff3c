using System.Buffers.Binary;

namespace Trainer.Kernels.Formats;

/// <summary>A dtype of a safetensors file whose elements are numbers that a network may take.</summary>
/// <param name="Bytes">Of an element.</param>
/// <param name="Real">An element as float32, rounded to nearest.</param>
/// <param name="Whole">An element as a whole number; null where it may be none.</param>
internal sealed record ElementType(int Bytes, Func<ReadOnlySpan<byte>, float> Real, Func<ReadOnlySpan<byte>, long>? Whole = null)
{
    private static readonly Dictionary<string, ElementType> Known = new(StringComparer.Ordinal)
    {
        ["F64"] = new(sizeof(double), bytes => (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes)),
        ["F32"] = new(sizeof(float), BinaryPrimitives.ReadSingleLittleEndian),
        ["F16"] = new(sizeof(ushort), bytes => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes)),
        ["BF16"] = new(sizeof(ushort), bytes => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadInt16LittleEndian(bytes) << 16)),
        ["I64"] = Integer(sizeof(long), BinaryPrimitives.ReadInt64LittleEndian),
        ["I32"] = Integer(sizeof(int), bytes => BinaryPrimitives.ReadInt32LittleEndian(bytes)),
        ["I16"] = Integer(sizeof(short), bytes => BinaryPrimitives.ReadInt16LittleEndian(bytes)),
        ["I8"] = Integer(sizeof(sbyte), bytes => (sbyte)bytes[0]),
        ["U8"] = Integer(sizeof(byte), bytes => bytes[0]),
    };

    public static IEnumerable<string> Names => Known.Keys;

    public static ElementType? Of(string dtype) => Known.GetValueOrDefault(dtype);

    private static ElementType Integer(int bytes, Func<ReadOnlySpan<byte>, long> whole) => new(bytes, element => whole(element), whole);
}
