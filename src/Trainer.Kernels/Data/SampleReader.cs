namespace Trainer.Kernels.Data;

/// <summary>Reads samples of a set as a network takes them, in memory of its own: for one thread at a time.</summary>
public sealed class SampleReader
{
    private readonly DataSet _set;
    private readonly PlaneSource? _planes;
    private readonly Picture _picture = new();
    private readonly BilinearResize? _resize;
    private readonly float[] _image;

    internal SampleReader(DataSet set, ulong seed)
    {
        (_set, _planes) = (set, set.Source as PlaneSource);
        var stored = set.Source.Shape!.Value;
        _resize = set.Shape == stored ? null : new BilinearResize(stored[1], stored[2], set.Shape[1], set.Shape[2]);
        _image = _resize is null ? [] : new float[stored.Elements];
    }

    /// <summary>Writes sample <paramref name="index"/> as floats to <paramref name="pixels"/> and returns its label.</summary>
    /// <param name="epoch">Of what transforms draw; 0 in evaluation.</param>
    /// <exception cref="DataFileException">It cannot be read.</exception>
    public int Read(int index, int epoch, Span<float> pixels)
    {
        var place = _set.Place(index);
        pixels = pixels[..(int)_set.Shape.Elements];
        var stored = _resize is null ? pixels : _image;
        if (_planes is not null)
        {
            PixelFloats.Convert(_planes.PlanesOf(place), stored);
        }
        else
        {
            _set.Source.Read(place, _picture);
            Check(place);
            PixelFloats.ConvertToPlanes(_picture, stored);
        }

        if (_resize is not null)
        {
            Resize(_resize, pixels);
        }

        _set.Transform.Normalize(pixels, _set.Shape[0]);
        return _set.LabelOf(index);
    }

    private void Check(int place)
    {
        var found = new Shape(_picture.Channels, _picture.Height, _picture.Width);
        if (found != _set.Source.Shape)
        {
            throw new DataFileException(_set.Source.NameOf(place), $"is an image of {found}; its source said {_set.Source.Shape}");
        }
    }

    private void Resize(BilinearResize resize, Span<float> pixels)
    {
        var (channels, from, to) = (_set.Shape[0], _image.Length / _set.Shape[0], pixels.Length / _set.Shape[0]);
        for (var channel = 0; channel < channels; channel++)
        {
            resize.Run(_image.AsSpan(channel * from, from), pixels.Slice(channel * to, to));
        }
    }
}
