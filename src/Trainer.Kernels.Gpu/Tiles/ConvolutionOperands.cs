using ILGPU;
using Trainer.Kernels.Gpu.Memory;

namespace Trainer.Kernels.Gpu.Tiles;

/// <summary>Windows as the right side of forward and backward-data: the index is a pixel, k a tap. A product of the batch is a group.</summary>
internal readonly record struct PatchesByPixel(Windows Windows, TapTable Taps) : ITileOperand<PatchesByPixel, Corner, Tap>
{
    public static bool AlongK => false;

    public PatchesByPixel Of(int product) => this with { Windows = Windows.OfGroup(product) };

    public Corner At(int index) => Windows.CornerOf(index);

    public Tap Step(int k) => Taps.At(k);

    public float Load(Corner index, Tap step) => Windows.Load(index, step);
}

/// <summary>Windows as the right side of the weights' gradient: the index is a tap, k a pixel. Products are pieces, in each the groups.</summary>
internal readonly record struct PatchesByTap(Windows Windows, TapTable Taps, int Count, int Groups) : ITileOperand<PatchesByTap, Tap, Corner>
{
    public static bool AlongK => true;

    public PatchesByTap Of(int product) => this with { Windows = Windows.OfGroup(product % Groups) };

    public Tap At(int index) => index < Count ? Taps.At(index) : new Tap(0, 1 << 26, 0);

    public Corner Step(int k) => Windows.CornerOf(k);

    public float Load(Tap index, Corner step) => Windows.Load(step, index);
}

/// <summary>
/// The output's gradient (N, K, P, Q) as the left side of the weights' gradient: the index is a channel, k a pixel. Products as <see cref="PatchesByTap"/>.
/// </summary>
/// <param name="First">The first channel that is wanted, and <paramref name="Count"/> how many; both of each group.</param>
/// <param name="GroupChannels">Channels of a group.</param>
internal readonly record struct ChannelsByPixel(SampleRows Dy, PixelGrid Pixels, int First, int Count, int GroupChannels, int Groups)
    : ITileOperand<ChannelsByPixel, long, long>
{
    public static bool AlongK => true;

    public ChannelsByPixel Of(int product) => this with { First = First + (product % Groups * GroupChannels) };

    public long At(int index) => index < Count ? (long)(First + index) * Pixels.PerSample : -1;

    public long Step(int k)
    {
        var sample = Pixels.SampleOf(k);
        return (sample * Dy.Stride) + k - (sample * Pixels.PerSample);
    }

    public float Load(long index, long step) => index < 0 ? 0f : Dy.Elements[index + step];
}

/// <summary>
/// A filter (K, C, R, S) as the left side of backward-data: the index is an input channel, k a (output channel, tap) of the table. A product is a group.
/// </summary>
/// <param name="Taps">R x S.</param>
internal readonly record struct FiltersByInput(ArrayView<float> Weights, TapTable Table, int Channels, int Taps, long GroupElements)
    : ITileOperand<FiltersByInput, int, int>
{
    public static bool AlongK => true;

    public FiltersByInput Of(int product) => this with { Weights = Weights.SubView(product * GroupElements) };

    public int At(int index) => index < Channels ? index * Taps : -1;

    public int Step(int k) => Table.FilterOffset(k);

    public float Load(int index, int step) => index < 0 ? 0f : Weights[index + step];
}
