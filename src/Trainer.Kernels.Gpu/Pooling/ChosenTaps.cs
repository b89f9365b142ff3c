using ILGPU;
using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Gpu.Pooling;

/// <summary>Which tap of its window, r S + s, each output of max pooling took: a byte each, or an int where windows have more than 256 pixels.</summary>
/// <param name="Bytes">Has length 0 where taps are ints, or in evaluation; likewise <paramref name="Numbers"/>.</param>
/// <param name="SampleElements">Bytes or ints.</param>
internal readonly record struct ChosenTaps(ArrayView<byte> Bytes, ArrayView<int> Numbers, long SampleElements)
{
    /// <param name="memory">Of <see cref="Pool2dGeometry.ChosenElements"/> per sample; none in evaluation.</param>
    public static ChosenTaps Of(in Pool2dGeometry g, ArrayView<float> memory)
    {
        var elements = g.ChosenElements;
        return memory.Length == 0 ? default
            : g.R * g.S <= 256 ? new ChosenTaps(memory.Cast<byte>(), default, elements * sizeof(float))
            : new ChosenTaps(default, memory.Cast<int>(), elements);
    }

    public void Store(long sample, int output, int tap)
    {
        var (bytes, numbers, place) = (Bytes, Numbers, (sample * SampleElements) + output);
        if (bytes.Length != 0)
        {
            bytes[place] = (byte)tap;
        }
        else if (numbers.Length != 0)
        {
            numbers[place] = tap;
        }
    }

    public int Load(long sample, int output)
    {
        var place = (sample * SampleElements) + output;
        return Bytes.Length != 0 ? Bytes[place] : Numbers[place];
    }
}
