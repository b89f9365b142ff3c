using ILGPU;
using Trainer.Kernels.Gpu.Arithmetic;

namespace Trainer.Kernels.Gpu.Normalization;

/// <summary>Where a forward pass saved mean and invstd of a sample and channel.</summary>
/// <param name="SampleGroups">Batch norm: the row of each sample. None: a sample has a row.</param>
/// <param name="RowElements">Of a row of <paramref name="Values"/>.</param>
/// <param name="EntryChannels">Neighbouring channels that share their values.</param>
/// <param name="EntryStride">From one mean to the next.</param>
/// <param name="Deviation">From a mean to its invstd.</param>
internal readonly record struct MomentTable(
    ArrayView<float> Values, ArrayView<int> SampleGroups, int RowElements, FastDivisor EntryChannels, int EntryStride, int Deviation)
{
    /// <summary>Batch norm's (groups, 2, channels).</summary>
    public static MomentTable OfGroups(ArrayView<float> values, ArrayView<int> sampleGroups, int channels) =>
        new(values, sampleGroups, 2 * channels, new FastDivisor(1), 1, channels);

    /// <summary>Group norm's (samples, groups, 2).</summary>
    public static MomentTable OfSamples(ArrayView<float> values, int channels, int groups) =>
        new(values, default, 2 * groups, new FastDivisor(channels / groups), 2, 1);

    /// <summary>Where the mean is.</summary>
    public long PlaceOf(int sample, int channel) =>
        ((SampleGroups.Length == 0 ? sample : SampleGroups[sample]) * (long)RowElements) + (EntryChannels.Quotient(channel) * EntryStride);
}
