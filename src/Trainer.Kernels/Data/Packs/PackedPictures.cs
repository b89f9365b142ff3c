using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Trainer.Kernels.Data.Pictures;

namespace Trainer.Kernels.Data.Packs;

/// <summary>Pictures in a pack, read where they lie when they are wanted. Names, lengths, labels and bytes are those of the files that were packed, and so are the ids that follow from them.</summary>
internal sealed class PackedPictures(string pack, PackPart part) : ISampleSource, IEncodedPictures
{
    private readonly Lazy<SafeFileHandle> _file = new(() => FileSystem.OpenRegular(pack).SafeFileHandle);
    private readonly ThreadLocal<Reader> _readers = new(() => new Reader());

    public int Count => part.Labels.Length;

    public int Channels => 3;

    public Shape? Shape => part.Shape;

    public string? SizeDifference => part.SizeDifference;

    public IReadOnlyList<string> ClassNames => part.ClassNames;

    public bool IsDecoded => true;

    public int LabelOf(int index) => part.Labels[index];

    public bool HasSeveralLabels => part.AllLabels is not null;

    public IReadOnlyList<int> LabelsOf(int index) => part.AllLabels?[index] ?? [part.Labels[index]];

    public string NameOf(int index) => part.Files[index].Name;

    /// <summary>From here on it may be deleted: what is open stays.</summary>
    public void Load() => _ = _file.Value;

    public void Read(int index, Picture picture) => Read(index, picture, part: null);

    public void Read(int index, Picture picture, Func<int, int, Area>? part) => _readers.Value!.Decoder.Decode(NameOf(index), EncodedAt(index), picture, part);

    public void Outline(int index, IncrementalHash sum) => SampleOutline.Add(sum, NameOf(index), part.Files[index].Length, LabelsOf(index));

    public void Identify(int index, IncrementalHash sum)
    {
        var file = EncodedAt(index);
        sum.AppendData(Encoding.UTF8.GetBytes(NameOf(index)));
        sum.AppendData(BitConverter.GetBytes(file.Length));
        SampleOutline.Add(sum, LabelsOf(index));
        sum.AppendData(SHA256.HashData(file));
    }

    public ReadOnlySpan<byte> EncodedAt(int index)
    {
        var file = part.Files[index];
        if (file.Length > RandomAccess.GetLength(_file.Value) - file.Offset) // An index may promise more than there is room for.
        {
            throw Short(file, RandomAccess.GetLength(_file.Value));
        }

        var bytes = _readers.Value!.Room((int)file.Length);
        for (int read = 0, more; read < bytes.Length; read += more)
        {
            more = RandomAccess.Read(_file.Value, bytes[read..], file.Offset + read);
            if (more == 0)
            {
                throw Short(file, file.Offset + read);
            }
        }

        return bytes;
    }

    private DataFileException Short(PackedFile file, long end) =>
        new(pack, $"ends at offset {end}, within '{file.Name}'; expected it to end at {file.Offset + file.Length}");

    /// <summary>A thread's memory.</summary>
    private sealed class Reader
    {
        private byte[] _bytes = [];

        public PictureDecoder Decoder { get; } = new();

        public Span<byte> Room(int length)
        {
            if (_bytes.Length < length)
            {
                _bytes = new byte[length];
            }

            return _bytes.AsSpan(0, length);
        }
    }
}
