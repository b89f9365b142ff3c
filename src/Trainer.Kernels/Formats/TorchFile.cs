using System.Buffers.Binary;
using System.IO.Compression;
using Trainer.Kernels.Data;

namespace Trainer.Kernels.Formats;

/// <summary>A tensor of a file of torch.save.</summary>
internal sealed record TorchEntry(string Name, Shape Shape, string Dtype, ElementType? Type, TorchTensor Tensor) : TensorEntry(Name, Shape, Dtype, Type);

/// <summary>
/// The tensors of a file that torch.save wrote: a zip archive of a pickle and of storages, or, before PyTorch 1.6 and in torchvision's files still, pickles with the storages behind them. It holds
/// a state dict, or a checkpoint with one (<c>state_dict</c>, <c>model</c>, <c>model_state_dict</c>); <c>module.</c> in front of all names, as DataParallel has it, is left out.
/// </summary>
internal sealed class TorchFile : TensorFile
{
    private const int MostPickled = 1 << 28;
    private const string Parallel = "module.";

    private static readonly string[] Wrappers = ["state_dict", "model_state_dict", "model"];

    private readonly ITorchStorages _storages;
    private readonly Dictionary<string, TensorEntry> _entries;

    private TorchFile(string path, FileStream file, object? content, ITorchStorages storages)
        : base(path, file)
    {
        _storages = storages;
        _entries = EntriesOf(content);
    }

    /// <summary>Where the elements of tensors lie.</summary>
    private interface ITorchStorages
    {
        /// <summary>Bytes of a storage.</summary>
        /// <returns>False: it is not there, or ends before.</returns>
        bool TryRead(string key, long from, Span<byte> into);
    }

    public override IReadOnlyDictionary<string, TensorEntry> Entries => _entries;

    public static bool IsZip(ReadOnlySpan<byte> start) => start.StartsWith("PK\x03\x04"u8);

    public static bool IsPickle(ReadOnlySpan<byte> start) => start is [0x80, >= 2 and <= 5, ..];

    /// <exception cref="DataFileException">It is damaged, or holds something else than tensors.</exception>
    public static TorchFile Read(string path, FileStream file)
    {
        try
        {
            return file.ReadByte() == 'P' ? ReadZip(path, file) : ReadLegacy(path, file);
        }
        catch (Exception broken) when (IsOfFile(broken))
        {
            throw new DataFileException(path, $"is no file of tensors that torch.save wrote: {broken.Message}", broken);
        }
    }

    public override void Dispose()
    {
        (_storages as IDisposable)?.Dispose();
        base.Dispose();
    }

    protected override byte[] ReadBytes(TensorEntry entry)
    {
        var (tensor, width) = (((TorchEntry)entry).Tensor, entry.Type!.Bytes);
        var used = entry.Shape.Elements == 0 ? 0 : 1 + tensor.Sizes.Zip(tensor.Strides).Sum(pair => (pair.First - 1) * pair.Second);
        if (used > Array.MaxLength / width)
        {
            throw Refuse($"tensor '{entry.Name}' lies in {used} elements of its storage; expected at most {Array.MaxLength / width}");
        }

        var lying = new byte[used * width];
        return !TryRead(tensor, width, lying)
            ? throw Refuse($"tensor '{entry.Name}' takes elements {tensor.Offset} to {tensor.Offset + used - 1} of storage '{tensor.Storage.Key}', which the file has not")
            : Ordered(tensor, lying, width, (int)entry.Shape.Elements);
    }

    private bool TryRead(TorchTensor tensor, int width, byte[] into)
    {
        try
        {
            return tensor.Offset <= long.MaxValue / width && _storages.TryRead(tensor.Storage.Key, tensor.Offset * width, into);
        }
        catch (Exception broken) when (IsOfFile(broken))
        {
            throw Refuse($"storage '{tensor.Storage.Key}' cannot be read: {broken.Message}", broken);
        }
    }

    private static bool IsOfFile(Exception broken) =>
        broken is PickleException or InvalidDataException or EndOfStreamException or ArgumentException or OverflowException or NotSupportedException;

    /// <summary>From where they lie to the order of the shape.</summary>
    private static byte[] Ordered(TorchTensor tensor, byte[] lying, int width, int elements)
    {
        if (lying.Length == elements * width && IsInOrder(tensor))
        {
            return lying;
        }

        var (ordered, index, at) = (new byte[elements * width], new long[tensor.Sizes.Length], 0L);
        for (var i = 0; i < elements; i++)
        {
            lying.AsSpan((int)(at * width), width).CopyTo(ordered.AsSpan(i * width));
            for (var d = index.Length - 1; d >= 0; d--)
            {
                at += tensor.Strides[d];
                if (++index[d] < tensor.Sizes[d])
                {
                    break;
                }

                at -= tensor.Strides[d] * tensor.Sizes[d];
                index[d] = 0;
            }
        }

        return ordered;
    }

    private static bool IsInOrder(TorchTensor tensor)
    {
        var expected = 1L;
        for (var d = tensor.Sizes.Length - 1; d >= 0; expected *= tensor.Sizes[d--])
        {
            if (tensor.Sizes[d] > 1 && tensor.Strides[d] != expected)
            {
                return false;
            }
        }

        return true;
    }

    private static TorchFile ReadZip(string path, FileStream file)
    {
        file.Position = 0;
        var archive = new ZipArchive(file, ZipArchiveMode.Read, leaveOpen: true);
        var pickle = archive.Entries.FirstOrDefault(entry => entry.FullName.EndsWith("/data.pkl", StringComparison.Ordinal))
            ?? throw new InvalidDataException($"its archive has {archive.Entries.Count} files, and none is data.pkl");
        var storages = new ZipStorages(archive, pickle.FullName[..^"data.pkl".Length], file.Length);
        storages.CheckByteOrder();
        using var content = new MemoryStream(storages.ReadWhole(pickle, MostPickled));
        return new TorchFile(path, file, new PickleReader(content, TorchTensors.Call, TorchTensors.Persistent).Read(), storages);
    }

    private static TorchFile ReadLegacy(string path, FileStream file)
    {
        file.Position = 0;
        var (content, storages) = LegacyStorages.Read(file);
        return new TorchFile(path, file, content, storages);
    }

    private Dictionary<string, TensorEntry> EntriesOf(object? content)
    {
        var named = TensorsOf(content);
        if (named.Count == 0 && content is PickledDict outer)
        {
            named = TensorsOf(Wrappers.Select(wrapper => outer.Items.LastOrDefault(item => item.Key is string key && key == wrapper).Value).FirstOrDefault(value => value is PickledDict));
        }

        if (named.Count == 0)
        {
            throw Refuse($"has no tensors with names; expected a state_dict, or a dict with {string.Join(" or ", Wrappers)}");
        }

        var prefix = named.Keys.All(name => name.StartsWith(Parallel, StringComparison.Ordinal)) ? Parallel.Length : 0;
        return named.ToDictionary(pair => pair.Key[prefix..], pair => EntryOf(pair.Key[prefix..], pair.Value), StringComparer.Ordinal);
    }

    private static Dictionary<string, TorchTensor> TensorsOf(object? content)
    {
        var named = new Dictionary<string, TorchTensor>(StringComparer.Ordinal);
        foreach (var (key, value) in (content as PickledDict)?.Items ?? [])
        {
            if (key is string name && value is TorchTensor tensor)
            {
                named[name] = tensor;
            }
        }

        return named;
    }

    private TensorEntry EntryOf(string name, TorchTensor tensor)
    {
        var elements = tensor.Sizes.Aggregate(1.0, (product, size) => product * size);
        var lying = tensor.Sizes.Zip(tensor.Strides).Any(pair => pair.Second == 0 && pair.First > 1) ? tensor.Storage.Elements : elements;
        return elements <= Array.MaxLength && elements <= Math.Max(lying, 1)
            ? new TorchEntry(name, new Shape([.. tensor.Sizes.Select(size => (int)size)]), tensor.Dtype, ElementType.Of(tensor.Dtype), tensor)
            : throw Refuse($"tensor '{name}' has shape ({string.Join(",", tensor.Sizes)}), more elements than its storage's {tensor.Storage.Elements}");
    }

    /// <summary>Files of an archive, which are not compressed.</summary>
    private sealed class ZipStorages(ZipArchive archive, string root, long bytesOfAll) : ITorchStorages, IDisposable
    {
        private const int MostSkipped = 1 << 16;

        public void CheckByteOrder()
        {
            if (archive.GetEntry($"{root}byteorder") is { } order && ReadWhole(order, 16) is var said && !said.AsSpan().StartsWith("little"u8))
            {
                throw new InvalidDataException("its byte order is not little-endian");
            }
        }

        public byte[] ReadWhole(ZipArchiveEntry entry, int most)
        {
            most = (int)Math.Min(most, bytesOfAll); // What is not compressed is no longer than the archive, whatever that says.
            if (entry.Length > most || entry.CompressedLength != entry.Length)
            {
                throw new InvalidDataException($"{entry.FullName} has {entry.Length} bytes, {entry.CompressedLength} compressed; expected at most {most}, not compressed");
            }

            var bytes = new byte[entry.Length];
            using var stream = entry.Open();
            stream.ReadExactly(bytes);
            return bytes;
        }

        public bool TryRead(string key, long from, Span<byte> into)
        {
            if (archive.GetEntry($"{root}data/{key}") is not { } entry || entry.CompressedLength != entry.Length || from > entry.Length - into.Length)
            {
                return false;
            }

            using var stream = entry.Open();
            var skipped = new byte[Math.Min(from, MostSkipped)];
            for (var left = from; left > 0; left -= Math.Min(left, skipped.Length))
            {
                stream.ReadExactly(skipped.AsSpan(0, (int)Math.Min(left, skipped.Length)));
            }

            stream.ReadExactly(into);
            return true;
        }

        public void Dispose() => archive.Dispose();
    }

    /// <summary>Storages one behind another.</summary>
    private sealed class LegacyStorages(FileStream file, IReadOnlyDictionary<string, (long At, long Bytes)> places) : ITorchStorages
    {
        private const string Magic = "119547037146038801333356";
        private const long Protocol = 1001;

        /// <summary>Magic number, protocol, what the machine was like, the content, the storages' keys: each a pickle; then each storage, its number of elements before it.</summary>
        public static (object? Content, ITorchStorages Storages) Read(FileStream stream)
        {
            var widths = new Dictionary<string, int>(StringComparer.Ordinal);
            var magic = Next();
            if (magic is not System.Numerics.BigInteger || $"{magic}" != Magic || Next() is not Protocol || Next() is not PickledDict machine)
            {
                throw new InvalidDataException("it is a pickle of something else");
            }

            if (machine.Items.Any(item => item is { Key: "little_endian", Value: false }))
            {
                throw new InvalidDataException("its byte order is not little-endian");
            }

            var content = Next();
            var places = new Dictionary<string, (long, long)>(StringComparer.Ordinal);
            var count = new byte[sizeof(long)];
            foreach (var key in Next() as List<object?> ?? [])
            {
                stream.ReadExactly(count);
                var elements = BinaryPrimitives.ReadInt64LittleEndian(count);
                var width = key is string name && widths.TryGetValue(name, out var known) ? known : throw new InvalidDataException($"its storage '{key}' is of no known kind");
                if (elements < 0 || elements > (stream.Length - stream.Position) / width)
                {
                    throw new InvalidDataException($"its storage '{key}' has {elements} elements at offset {stream.Position}, and the file ends at {stream.Length}");
                }

                places[(string)key] = (stream.Position, elements * width);
                stream.Position += elements * width;
            }

            return (content, new LegacyStorages(stream, places));

            object? Next() => new PickleReader(stream, TorchTensors.Call, Seen).Read();

            object? Seen(object? id)
            {
                var storage = (TorchStorage)TorchTensors.Persistent(id)!;
                widths[storage.Key] = ElementType.Of(storage.Dtype)?.Bytes ?? 1;
                return storage;
            }
        }

        public bool TryRead(string key, long from, Span<byte> into)
        {
            if (!places.TryGetValue(key, out var place) || from > place.Bytes - into.Length)
            {
                return false;
            }

            file.Position = place.At + from;
            file.ReadExactly(into);
            return true;
        }
    }
}
