namespace Trainer.Kernels.Data;

/// <summary>Reads samples of a set as a network takes them, in memory of its own: for one thread at a time.</summary>
public sealed class SampleReader
{
    private readonly DataSet _set;
    private readonly ulong _seed;
    private readonly PlaneSource? _planes;
    private readonly PictureWork _work = new();
    private BilinearResize? _resize;
    private PictureForm _resizes;
    private float[] _image = [];

    internal SampleReader(DataSet set, ulong seed) =>
        (_set, _seed, _planes) = (set, seed, set.ChangesPictures ? null : set.Source as PlaneSource);

    /// <summary>Writes sample <paramref name="index"/> as floats to <paramref name="pixels"/> and returns its label.</summary>
    /// <param name="epoch">Of what transforms draw; 0 in evaluation.</param>
    /// <param name="position">In the epoch: samples that are drawn by their classes come several times, and each time transforms draw anew. Null: as of samples that come once.</param>
    /// <exception cref="DataFileException">It cannot be read.</exception>
    public int Read(int index, int epoch, Span<float> pixels, int? position = null)
    {
        pixels = pixels[..(int)_set.Shape.Elements];
        try
        {
            return ReadWhole(index, epoch, pixels, position);
        }
        catch (BrokenSampleException broken) when (_set.Skips is { } skips)
        {
            skips.Tell(broken);
            pixels.Clear();
            return skips.Label;
        }
    }

    private int ReadWhole(int index, int epoch, Span<float> pixels, int? position)
    {
        var place = _set.Place(index);
        if (_planes is not null)
        {
            PixelFloats.Convert(_planes.PlanesOf(place), Target(FormOf(_planes.Shape!.Value), pixels));
        }
        else
        {
            ReadPicture(index, epoch, position);
            PixelFloats.ConvertToPlanes(_work.Picture, Target(Checked(place), pixels));
        }

        Resize(pixels);
        _set.Transform.Normalize(pixels, _set.Shape[0]);
        ApplyToFloats(KeyOf(place, position), epoch, pixels);
        return _set.LabelOf(index);
    }

    /// <summary>Sample <paramref name="index"/> behind those transforms that work on pixels as bytes. Valid until the next one is read.</summary>
    /// <param name="epoch">Of what transforms draw; 0 in evaluation.</param>
    /// <param name="position">As <see cref="Read"/> takes it.</param>
    /// <exception cref="DataFileException">It cannot be read.</exception>
    public Picture ReadPicture(int index, int epoch, int? position = null)
    {
        var place = _set.Place(index);
        var key = KeyOf(place, position);
        var done = ReadPart(place, key, epoch) ? 1 : 0;
        try
        {
            for (var i = done; i < _set.Transforms.Count && _set.Transforms[i] is PictureTransform transform; i++)
            {
                var draws = new Draws(_seed, epoch, key, i);
                transform.Apply(_work, ref draws);
            }
        }
        catch (InvalidDataException misfit)
        {
            throw new BrokenSampleException(_set.Source.NameOf(place), misfit.Message, misfit);
        }

        return _work.Picture;
    }

    /// <summary>Reads the part that the first transform takes, if that is what it begins with, and applies it; else the picture.</summary>
    private bool ReadPart(int place, int key, int epoch)
    {
        if (_set.Transforms is not [ICut cut, ..] || _set.Source is not IEncodedPictures pictures)
        {
            _set.Source.Read(place, _work.Picture);
            return false;
        }

        pictures.Read(place, _work.Picture, (height, width) =>
        {
            var draws = new Draws(_seed, epoch, key, transform: 0);
            return cut.PartOf(height, width, ref draws);
        });
        cut.ApplyToPart(_work);
        return true;
    }

    /// <summary>What transforms draw by, beside the epoch.</summary>
    private int KeyOf(int place, int? position) => _set.IsDrawn ? position ?? place : place;

    private void ApplyToFloats(int key, int epoch, Span<float> pixels)
    {
        for (var i = 0; i < _set.Transforms.Count; i++)
        {
            if (_set.Transforms[i] is TensorTransform transform)
            {
                var draws = new Draws(_seed, epoch, key, i);
                transform.Apply(pixels, _set.Shape, ref draws);
            }
        }
    }

    private PictureForm Checked(int place)
    {
        var found = new PictureForm(_work.Picture.Channels, _work.Picture.Height, _work.Picture.Width);
        var expected = FormOf(_set.Shape);
        return found == expected || (_set.Transform.Height > 0 && found.Channels == expected.Channels)
            ? found
            : throw new DataFileException(_set.Source.NameOf(place), $"is an image of {new Shape(found.Channels, found.Height, found.Width)}; expected {_set.Shape}");
    }

    /// <summary>Where the floats of an image go: to the network, or first to where it is resized from.</summary>
    private Span<float> Target(PictureForm form, Span<float> pixels)
    {
        if (_set.Transform.Height == 0 || form == FormOf(_set.Shape))
        {
            _resize = null;
            return pixels;
        }

        if (_resize is null || form != _resizes)
        {
            (_resize, _resizes) = (new BilinearResize(form.Height, form.Width, _set.Shape[1], _set.Shape[2]), form);
        }

        var length = form.Channels * form.Height * form.Width;
        if (_image.Length < length)
        {
            _image = new float[length];
        }

        return _image.AsSpan(0, length);
    }

    private void Resize(Span<float> pixels)
    {
        if (_resize is null)
        {
            return;
        }

        var (channels, from, to) = (_set.Shape[0], _resizes.Height * _resizes.Width, pixels.Length / _set.Shape[0]);
        for (var channel = 0; channel < channels; channel++)
        {
            _resize.Run(_image.AsSpan(channel * from, from), pixels.Slice(channel * to, to));
        }
    }

    private static PictureForm FormOf(Shape shape) => new(shape[0], shape[1], shape[2]);
}
