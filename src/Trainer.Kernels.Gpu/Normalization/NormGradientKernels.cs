using ILGPU;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;

namespace Trainer.Kernels.Gpu.Normalization;

/// <param name="Weight">(channels), or none.</param>
/// <param name="Saved">Mean and invstd, (groups, 2, channels).</param>
/// <param name="Shares">dbias / n and dweight / n, likewise; none: 0.</param>
internal readonly record struct BatchNormGradient(
    ChannelCells Cells, int Channels, SampleRows X, SampleRows Dy, ArrayView<int> SampleGroups, ArrayView<float> Weight, ArrayView<float> Saved,
    ArrayView<float> Shares, GradientSteps Steps, SampleRows Dx);

/// <param name="Runs">Samples x groups.</param>
/// <param name="Values">Elements of a run.</param>
/// <param name="Sums">Of the planes: dy and dy h, (samples, 2, channels).</param>
/// <param name="Shares">Receives shift and slope, (samples, groups, 2).</param>
internal readonly record struct GroupNormShares(
    int Runs, int Channels, FastDivisor Groups, int RunChannels, float Values, ArrayView<float> Weight, ArrayView<float> Sums, ArrayView<float> Shares);

/// <param name="RunChannels">Channels of a group.</param>
/// <param name="Saved">Mean and invstd, (samples, groups, 2).</param>
/// <param name="Shares">Shift and slope, likewise.</param>
internal readonly record struct GroupNormGradient(
    ChannelCells Cells, FastDivisor RunChannels, int Groups, SampleRows X, SampleRows Dy, ArrayView<float> Weight, ArrayView<float> Saved,
    ArrayView<float> Shares, GradientSteps Steps, SampleRows Dx);

/// <summary>dx of batch and group norm, then the epilogue: a thread makes one element.</summary>
internal static class NormGradientKernels
{
    /// <summary>dx = (weight invstd) (dy - fma(h, dweight_g / n, dbias_g / n)) with h = (x - mean) invstd.</summary>
    public static readonly Kernel<BatchNormGradient> Batch = Kernel.Of<BatchNormGradient>(BatchGradient);

    /// <summary>dx = invstd fma(weight, dy, -fma(h, slope, shift)).</summary>
    public static readonly Kernel<GroupNormGradient> Groups = Kernel.Of<GroupNormGradient>(GroupGradient);

    /// <summary>shift and slope of a run: fma(weight, channel's sum, sum) over its channels, divided by its values. A thread has one run.</summary>
    public static readonly Kernel<GroupNormShares> Shares = Kernel.Of<GroupNormShares>(SharesOfRun);

    private static void BatchGradient(BatchNormGradient a)
    {
        var sample = a.Cells.Sample;
        var element = a.Cells.ElementOf(sample);
        if (!a.Cells.Has(element))
        {
            return;
        }

        var channel = a.Cells.ChannelOf(element);
        var place = (a.SampleGroups[sample] * 2L * a.Channels) + channel;
        var invstd = a.Saved[place + a.Channels];
        var h = LaneNorm<ExactLane, float>.Normalized(a.X[sample, element], a.Saved[place], invstd);
        var factor = a.Weight.Length == 0 ? invstd : Exact.Multiply(a.Weight[channel], invstd);
        var slope = a.Shares.Length == 0 ? 0f : a.Shares[place + a.Channels];
        var shift = a.Shares.Length == 0 ? 0f : a.Shares[place];
        var v = LaneNorm<ExactLane, float>.BatchGradient(a.Dy[sample, element], h, slope, shift, factor);
        var dx = a.Dx;
        dx[sample, element] = a.Steps.Apply(v, sample, element);
    }

    private static void SharesOfRun(GroupNormShares a)
    {
        var run = Grid.GlobalIndex.X;
        if (run >= a.Runs)
        {
            return;
        }

        var sample = a.Groups.Quotient(run);
        var first = (run - (sample * a.Groups.Divisor)) * a.RunChannels;
        var sums = sample * 2L * a.Channels;
        var (shift, slope) = (0f, 0f);
        for (var channel = first; channel < first + a.RunChannels; channel++)
        {
            var weight = a.Weight.Length == 0 ? 1 : a.Weight[channel];
            shift = Exact.Fma(weight, a.Sums[sums + channel], shift);
            slope = Exact.Fma(weight, a.Sums[sums + a.Channels + channel], slope);
        }

        var shares = a.Shares;
        shares[run * 2L] = Exact.Divide(shift, a.Values);
        shares[(run * 2L) + 1] = Exact.Divide(slope, a.Values);
    }

    private static void GroupGradient(GroupNormGradient a)
    {
        var sample = a.Cells.Sample;
        var element = a.Cells.ElementOf(sample);
        if (!a.Cells.Has(element))
        {
            return;
        }

        var channel = a.Cells.ChannelOf(element);
        var place = ((sample * (long)a.Groups) + a.RunChannels.Quotient(channel)) * 2;
        var invstd = a.Saved[place + 1];
        var h = LaneNorm<ExactLane, float>.Normalized(a.X[sample, element], a.Saved[place], invstd);
        var weight = a.Weight.Length == 0 ? 1 : a.Weight[channel];
        var v = LaneNorm<ExactLane, float>.GroupGradient(a.Dy[sample, element], h, a.Shares[place + 1], a.Shares[place], weight, invstd);
        var dx = a.Dx;
        dx[sample, element] = a.Steps.Apply(v, sample, element);
    }
}
