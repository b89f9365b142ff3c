using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;

namespace Trainer.Kernels.Data.Pictures;

/// <summary>
/// Shards as WebDataset has them (github.com/webdataset/webdataset): tar archives in which files that are called alike up to their first dot are one sample, here a picture and its label
/// (<c>.cls</c>, a number or a name). Headers and labels are read once; pictures where they lie, when they are wanted.
/// </summary>
internal static class TarShards
{
    private const int LongestLabel = 4096;
    private const string LabelEnding = "cls";

    /// <param name="known">Class names of the training set; null: this is it.</param>
    /// <exception cref="DataFileException">Naming the archive, the sample, found and expected.</exception>
    public static ISampleSource Open(IReadOnlyList<string> paths, IReadOnlyList<string>? known = null)
    {
        var found = paths.SelectMany(ReadShard).ToList();
        var labels = WrittenLabels.Of(found.Select(sample => sample.Label), known);
        return new Source([.. found.Select(sample => sample.Picture with { Label = labels.NumberOf(sample.Picture.Archive, $"sample '{sample.Picture.Name}'", sample.Label) })], labels.Names);
    }

    private static List<(TarPicture Picture, string Label)> ReadShard(string path)
    {
        var (pictures, labels) = (new List<TarPicture>(), new Dictionary<string, string>(StringComparer.Ordinal));
        using var file = FileSystem.OpenRegular(path);
        try
        {
            using var archive = new TarReader(new TarStream(file), leaveOpen: true);
            while (archive.GetNextEntry() is { } entry)
            {
                if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
                {
                    continue;
                }

                var (key, ending) = Split(entry.Name);
                if (ending == LabelEnding)
                {
                    labels[key] = ReadLabel(path, entry);
                }
                else if (!ending.Contains('.', StringComparison.Ordinal) && ImageFolder.IsPicture($".{ending}"))
                {
                    pictures.Add(new TarPicture(path, key, entry.DataOffset, entry.Length, 0));
                }
            }
        }
        catch (Exception broken) when (broken is InvalidDataException or EndOfStreamException or FormatException or NotSupportedException or OverflowException or ArgumentException or InvalidOperationException)
        {
            throw new DataFileException(path, $"is no tar archive, or ends within one, at offset {file.Position}: {broken.Message}", broken);
        }

        if (pictures.Count == 0)
        {
            throw new DataFileException(path, "has no pictures; expected files like a.jpg, and a.cls beside each with its label");
        }

        return [.. pictures.Select(picture => (picture, labels.TryGetValue(picture.Name, out var label)
            ? label
            : throw new DataFileException(path, $"sample '{picture.Name}' has a picture and no label; expected '{picture.Name}.{LabelEnding}'")))];
    }

    private static string ReadLabel(string path, TarEntry entry)
    {
        if (entry.Length > LongestLabel)
        {
            throw new DataFileException(path, $"'{entry.Name}' has {entry.Length} bytes; expected a label of at most {LongestLabel}");
        }

        var bytes = new byte[entry.Length];
        entry.DataStream?.ReadExactly(bytes);
        return Encoding.UTF8.GetString(bytes).Trim();
    }

    /// <summary>a/b.c.jpg: sample a/b, ending c.jpg, as WebDataset cuts names.</summary>
    private static (string Key, string Ending) Split(string name)
    {
        var dot = name.IndexOf('.', name.LastIndexOf('/') + 1);
        return dot < 0 ? (name, "") : (name[..dot], name[(dot + 1)..].ToLowerInvariant());
    }

    /// <summary>A picture within an archive.</summary>
    private sealed record TarPicture(string Archive, string Name, long Offset, long Length, int Label);

    private sealed class Source(TarPicture[] pictures, IReadOnlyList<string> classNames) : ISampleSource, IEncodedPictures
    {
        private readonly ThreadLocal<Reader> _readers = new(() => new Reader());

        public int Count => pictures.Length;

        public int Channels => 3;

        /// <summary>Null: nobody has looked at all of them, and so something has to bring them to one size.</summary>
        public Shape? Shape => null;

        public IReadOnlyList<string> ClassNames => classNames;

        public int LabelOf(int index) => pictures[index].Label;

        public string NameOf(int index) => $"{Path.GetFileName(pictures[index].Archive)}:{pictures[index].Name}";

        public void Read(int index, Picture picture) => Read(index, picture, part: null);

        public void Read(int index, Picture picture, Func<int, int, Area>? part) =>
            _readers.Value!.Decoder.Decode(NameOf(index), _readers.Value!.Bytes(pictures[index]), picture, part);

        public ReadOnlySpan<byte> EncodedAt(int index) => _readers.Value!.Bytes(pictures[index]);

        public bool IsDecoded => true;

        public void Outline(int index, IncrementalHash sum) => SampleOutline.Add(sum, NameOf(index), pictures[index].Length, [pictures[index].Label]);

        /// <summary>A picture's name within its archive, its length, its label and its bytes.</summary>
        public void Identify(int index, IncrementalHash sum)
        {
            var bytes = _readers.Value!.Bytes(pictures[index]);
            sum.AppendData(Encoding.UTF8.GetBytes(NameOf(index)));
            sum.AppendData(BitConverter.GetBytes(bytes.Length));
            sum.AppendData(BitConverter.GetBytes(pictures[index].Label));
            sum.AppendData(SHA256.HashData(bytes));
        }
    }

    /// <summary>A thread's memory, and the archive that it read last.</summary>
    private sealed class Reader
    {
        private byte[] _bytes = [];
        private FileStream? _file;
        private string _path = "";

        public PictureDecoder Decoder { get; } = new();

        public ReadOnlySpan<byte> Bytes(TarPicture picture)
        {
            if (_path != picture.Archive)
            {
                _file?.Dispose();
                (_file, _path) = (FileSystem.OpenRegular(picture.Archive), picture.Archive);
            }

            if (_bytes.Length < picture.Length)
            {
                _bytes = new byte[picture.Length];
            }

            var read = 0;
            for (int more; read < picture.Length && (more = RandomAccess.Read(_file!.SafeFileHandle, _bytes.AsSpan(read, (int)picture.Length - read), picture.Offset + read)) > 0;)
            {
                read += more;
            }

            return _bytes.AsSpan(0, read);
        }
    }
}
