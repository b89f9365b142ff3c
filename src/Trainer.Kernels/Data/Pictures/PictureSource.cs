using System.Security.Cryptography;
using System.Text;

namespace Trainer.Kernels.Data.Pictures;

/// <summary>Pictures in files, of whatever size each, with a label each. They are read and decoded when they are wanted.</summary>
/// <param name="root">What names of samples are relative to; null: they are the paths, as they are given.</param>
internal sealed class PictureSource(string? root, IReadOnlyList<PictureFile> files, IReadOnlyList<string> classNames) : ISampleSource, IEncodedPictures
{
    private const int HeaderBytes = 1 << 16;

    private readonly ThreadLocal<Reader> _readers = new(() => new Reader());
    private readonly Lazy<(Shape? Shape, string? Difference)> _sizes = new(() => CompareSizes(files));

    public int Count => files.Count;

    public int Channels => 3;

    public Shape? Shape => _sizes.Value.Shape;

    /// <summary>Two pictures whose sizes differ, in words.</summary>
    public string? SizeDifference => _sizes.Value.Difference;

    public IReadOnlyList<string> ClassNames => classNames;

    public int LabelOf(int index) => files[index].Label;

    public bool HasSeveralLabels => files[0].Labels is not null;

    public IReadOnlyList<int> LabelsOf(int index) => files[index].AllLabels;

    public string NameOf(int index) => root is null ? files[index].Path : Path.GetRelativePath(root, files[index].Path);

    public void Read(int index, Picture picture) => Read(index, picture, part: null);

    public void Read(int index, Picture picture, Func<int, int, Area>? part)
    {
        var (reader, path) = (_readers.Value!, files[index].Path);
        reader.Decoder.Decode(path, reader.ReadFile(path), picture, part);
    }

    public ReadOnlySpan<byte> EncodedAt(int index) => _readers.Value!.ReadFile(files[index].Path);

    public bool IsDecoded => true;

    public void Outline(int index, IncrementalHash sum) => SampleOutline.Add(sum, NameOf(index), FileSystem.LengthOf(files[index].Path), files[index].AllLabels);

    /// <summary>A file's name within the root, its length, its labels and its bytes.</summary>
    public void Identify(int index, IncrementalHash sum)
    {
        var file = _readers.Value!.ReadFile(files[index].Path);
        sum.AppendData(Encoding.UTF8.GetBytes(NameOf(index)));
        sum.AppendData(BitConverter.GetBytes(file.Length));
        SampleOutline.Add(sum, files[index].AllLabels);
        sum.AppendData(SHA256.HashData(file));
    }

    /// <summary>Headers alone are read, until two differ.</summary>
    private static (Shape? Shape, string? Difference) CompareSizes(IReadOnlyList<PictureFile> files)
    {
        PictureForm? first = null;
        var reader = new Reader();
        foreach (var file in files)
        {
            var form = PictureDecoder.Describe(file.Path, reader.ReadFile(file.Path, HeaderBytes));
            first ??= form;
            if (form != first)
            {
                return (null, $"{files[0].Path} has {first.Value.Width}x{first.Value.Height} pixels, {file.Path} {form.Width}x{form.Height}");
            }
        }

        return (new Shape(3, first!.Value.Height, first.Value.Width), null);
    }

    /// <summary>A thread's memory.</summary>
    private sealed class Reader
    {
        private byte[] _bytes = new byte[HeaderBytes];

        public PictureDecoder Decoder { get; } = new();

        /// <param name="most">No more bytes than these.</param>
        public ReadOnlySpan<byte> ReadFile(string path, int most = int.MaxValue)
        {
            using var file = FileSystem.OpenRegular(path);
            var length = (int)Math.Min(Math.Min(file.Length, most), Array.MaxLength);
            if (_bytes.Length < length)
            {
                _bytes = new byte[length];
            }

            var read = file.ReadAtLeast(_bytes.AsSpan(0, length), length, throwOnEndOfStream: false);
            return _bytes.AsSpan(0, read);
        }
    }
}

/// <summary>A picture in a file of its own.</summary>
/// <param name="Labels">All of them, where samples have any number; the first is <paramref name="Label"/>.</param>
internal readonly record struct PictureFile(string Path, int Label, IReadOnlyList<int>? Labels = null)
{
    public IReadOnlyList<int> AllLabels => Labels ?? [Label];
}
