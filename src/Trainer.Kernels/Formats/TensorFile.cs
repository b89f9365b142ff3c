using Trainer.Kernels.Data;

namespace Trainer.Kernels.Formats;

/// <summary>A tensor of a file.</summary>
/// <param name="Dtype">As the file's format calls it.</param>
/// <param name="Type">Null: elements of this dtype cannot be read.</param>
internal abstract record TensorEntry(string Name, Shape Shape, string Dtype, ElementType? Type);

/// <summary>A file of named tensors, of whichever format: tensors are read one by one, when they are wanted.</summary>
internal abstract class TensorFile(string path, FileStream file) : IDisposable
{
    private const int Start = 9;

    /// <summary>By name, as <see cref="Entries"/> says more exactly.</summary>
    public abstract IReadOnlyDictionary<string, TensorEntry> Entries { get; }

    protected FileStream File => file;

    /// <summary>A file of safetensors or of torch.save, whatever its name: its first bytes tell.</summary>
    /// <exception cref="DataFileException">It is neither, or damaged: what and at which offset.</exception>
    public static TensorFile Open(string path)
    {
        var file = FileSystem.OpenRegular(path);
        try
        {
            Span<byte> start = stackalloc byte[Start];
            start = start[..file.ReadAtLeast(start, Start, throwOnEndOfStream: false)];
            file.Position = 0;
            return !SafetensorsReader.IsStart(start) && (TorchFile.IsZip(start) || TorchFile.IsPickle(start)) ? TorchFile.Read(path, file) : new SafetensorsReader(path, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The elements of a tensor as float32, rounded to nearest where they have more bits.</summary>
    /// <exception cref="DataFileException">Its dtype cannot be read.</exception>
    public float[] Read(string name)
    {
        var entry = Entries[name];
        var type = TypeOf(entry);
        var bytes = ReadBytes(entry);
        var values = new float[entry.Shape.Elements];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = type.Real(bytes.AsSpan(i * type.Bytes));
        }

        return values;
    }

    /// <summary>The one element of a tensor that counts something.</summary>
    /// <exception cref="DataFileException">It is no whole number, or there are several.</exception>
    public long ReadCount(string name)
    {
        var entry = Entries[name];
        return entry is { Type.Whole: { } whole, Shape.Elements: 1 }
            ? whole(ReadBytes(entry))
            : throw Refuse($"tensor '{name}' has dtype {entry.Dtype} and shape {entry.Shape}; expected one whole number (I64)");
    }

    /// <exception cref="DataFileException">There is none.</exception>
    public ElementType TypeOf(TensorEntry entry) =>
        entry.Type ?? throw Refuse($"tensor '{entry.Name}' has dtype '{entry.Dtype}'; expected {string.Join(", ", ElementType.Names)}");

    public virtual void Dispose() => file.Dispose();

    /// <summary>Its elements, little-endian, in the order of its shape.</summary>
    protected abstract byte[] ReadBytes(TensorEntry entry);

    protected DataFileException Refuse(string problem, Exception? inner = null) => new(path, problem, inner);
}
