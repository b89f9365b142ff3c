using System.Security.Cryptography;
using Trainer.Kernels.Data.Pictures;

namespace Trainer.Kernels.Data.Packs;

/// <summary>Writes a pack from its beginning to its end. One sample is in memory at a time, and what the index says of each.</summary>
internal sealed class PackWriter(Stream to, CancellationToken stop)
{
    private const string IndexName = "index";

    private long _position;

    /// <exception cref="DataFileException">A sample cannot be read.</exception>
    public PackIndex Write(ISampleSource train, ISampleSource? test)
    {
        var (trained, tested) = (WritePart("train", train), test is null ? null : WritePart("test", test));
        var index = new PackIndex(_position, trained, tested);
        var bytes = index.ToBytes();
        WriteFile(IndexName, bytes);
        Put(PackFooter.Of(bytes).ToBytes());
        return index;
    }

    private PackPart WritePart(string part, ISampleSource source)
    {
        source.Load();
        int[] labels = [.. Enumerable.Range(0, source.Count).Select(source.LabelOf)];
        return source switch
        {
            PlaneSource planes => new PackPart(source.ClassNames, ArePlanes: true, source.Shape, null, labels, [WritePlanes(part, planes)]),
            IEncodedPictures pictures => WritePictures(part, source, pictures, labels),
            _ => throw new NotSupportedException($"Samples of {source.GetType().Name} have no files."),
        };
    }

    private PackedFile WritePlanes(string part, PlaneSource planes)
    {
        var length = (long)planes.Shape!.Value.Elements * planes.Count;
        Put(TarHeader.Of($"{part}/images", length));
        var offset = _position;
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var i = 0; i < planes.Count; i++)
        {
            var image = planes.PlanesOf(i);
            Put(image);
            sum.AppendData(image);
        }

        Put(new byte[TarHeader.PaddingOf(length)]);
        return new PackedFile("", offset, length, sum.GetHashAndReset());
    }

    private PackPart WritePictures(string part, ISampleSource source, IEncodedPictures pictures, int[] labels)
    {
        var (files, sizes) = (new PackedFile[source.Count], new SizeComparison());
        for (var i = 0; i < files.Length; i++)
        {
            var name = source.NameOf(i);
            var bytes = pictures.EncodedAt(i);
            sizes.Add(name, bytes);
            files[i] = WriteFile($"{part}/{i:D8}{(ImageFolder.IsPicture(name) ? Path.GetExtension(name).ToLowerInvariant() : "")}", bytes) with { Name = name };
        }

        return new PackPart(source.ClassNames, ArePlanes: false, sizes.Shape, sizes.Difference, labels, files)
        {
            AllLabels = source.HasSeveralLabels ? [.. Enumerable.Range(0, source.Count).Select(source.LabelsOf)] : null,
        };
    }

    private PackedFile WriteFile(string name, ReadOnlySpan<byte> content)
    {
        Put(TarHeader.Of(name, content.Length));
        var offset = _position;
        Put(content);
        Put(new byte[TarHeader.PaddingOf(content.Length)]);
        return new PackedFile(name, offset, content.Length, SHA256.HashData(content));
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        stop.ThrowIfCancellationRequested();
        to.Write(bytes);
        _position += bytes.Length;
    }

    /// <summary>Whether all pictures have one size. Of one whose header cannot be read nobody knows.</summary>
    private sealed class SizeComparison
    {
        private (string Name, PictureForm Form)? _first;
        private bool _isOver;

        public Shape? Shape => _isOver || _first is not { } first ? null : new Shape(3, first.Form.Height, first.Form.Width);

        public string? Difference { get; private set; }

        public void Add(string name, ReadOnlySpan<byte> file)
        {
            if (_isOver)
            {
                return;
            }

            try
            {
                var form = PictureDecoder.Describe(name, file);
                _first ??= (name, form);
                if (form != _first.Value.Form)
                {
                    (_isOver, Difference) = (true, $"{_first.Value.Name} has {_first.Value.Form.Width}x{_first.Value.Form.Height} pixels, {name} {form.Width}x{form.Height}");
                }
            }
            catch (BrokenSampleException)
            {
                _isOver = true;
            }
        }
    }
}
