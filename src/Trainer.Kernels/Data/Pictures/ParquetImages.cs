using System.Security.Cryptography;
using System.Text;

namespace Trainer.Kernels.Data.Pictures;

/// <summary>
/// Tables of pictures as Hugging Face's datasets writes them: a column <c>image</c> of structs with the picture's file in <c>bytes</c>, and a column <c>label</c> of whole numbers, whose names are in the file's
/// metadata. Labels are read when it is opened. When it is loaded, pictures are copied to a temporary file that has no name, one row group after another, since a row cannot be read by itself.
/// </summary>
internal sealed class ParquetImages : ISampleSource, IEncodedPictures
{
    private readonly IReadOnlyList<ParquetTable> _tables;
    private readonly int[] _labels;
    private readonly int[] _firsts;
    private readonly ThreadLocal<PictureDecoder> _decoders = new(() => new PictureDecoder());
    private readonly Lazy<TemporaryPictures> _pictures;

    private ParquetImages(IReadOnlyList<ParquetTable> tables, IReadOnlyList<string> classNames)
    {
        (_tables, ClassNames) = (tables, classNames);
        _labels = [.. tables.SelectMany(table => table.Labels)];
        _firsts = new int[tables.Count];
        for (var i = 1; i < _firsts.Length; i++)
        {
            _firsts[i] = _firsts[i - 1] + tables[i - 1].Labels.Length;
        }

        _pictures = new Lazy<TemporaryPictures>(() => TemporaryPictures.Of(_tables, _labels.Length));
    }

    /// <param name="image">The column of pictures; null: the one that the metadata says has images, or <c>image</c>. Likewise <paramref name="label"/>.</param>
    /// <param name="known">Class names of the training set; null: this is it.</param>
    /// <exception cref="DataFileException">Naming the file, found and expected.</exception>
    public static ISampleSource Open(IReadOnlyList<string> paths, string? image = null, string? label = null, IReadOnlyList<string>? known = null)
    {
        List<ParquetTable> tables = [.. paths.Select(path => ParquetTable.Open(path, image, label))];
        var names = known ?? tables[0].ClassNames;
        foreach (var table in tables)
        {
            if (!table.ClassNames.SequenceEqual(names))
            {
                throw new DataFileException(table.Path, $"has the classes {Listed(table.ClassNames)}; expected {Listed(names)}, as {(known is null ? paths[0] : "the training set")} has");
            }
        }

        return new ParquetImages(tables, names);
    }

    public int Count => _labels.Length;

    public int Channels => 3;

    /// <summary>Null: nobody has looked at all of them, and so something has to bring them to one size.</summary>
    public Shape? Shape => null;

    public IReadOnlyList<string> ClassNames { get; }

    public bool IsDecoded => true;

    public int LabelOf(int index) => _labels[index];

    public string NameOf(int index) => $"{Path.GetFileName(TableOf(index).Path)}:{index - FirstOf(index)}";

    public void Load() => _ = _pictures.Value;

    public void Read(int index, Picture picture) => Read(index, picture, part: null);

    public void Read(int index, Picture picture, Func<int, int, Area>? part) => _decoders.Value!.Decode(NameOf(index), EncodedAt(index), picture, part);

    public ReadOnlySpan<byte> EncodedAt(int index) => _pictures.Value.At(index);

    /// <summary>A picture's length is known once the table is read: that of the table tells as much.</summary>
    public void Outline(int index, IncrementalHash sum) => SampleOutline.Add(sum, NameOf(index), TableOf(index).Bytes, [_labels[index]]);

    /// <summary>A picture's name, its length, its label and its bytes.</summary>
    public void Identify(int index, IncrementalHash sum)
    {
        var bytes = EncodedAt(index);
        sum.AppendData(Encoding.UTF8.GetBytes(NameOf(index)));
        sum.AppendData(BitConverter.GetBytes(bytes.Length));
        sum.AppendData(BitConverter.GetBytes(_labels[index]));
        sum.AppendData(SHA256.HashData(bytes));
    }

    private ParquetTable TableOf(int index) => _tables[PlaceOf(index)];

    private int FirstOf(int index) => _firsts[PlaceOf(index)];

    /// <summary>The last table that begins at or before the sample.</summary>
    private int PlaceOf(int index)
    {
        var place = Array.BinarySearch(_firsts, index);
        return place >= 0 ? place : ~place - 1;
    }

    private static string Listed(IReadOnlyList<string> names) => names.Count == 0 ? "without names" : string.Join(", ", names.Take(10));
}
