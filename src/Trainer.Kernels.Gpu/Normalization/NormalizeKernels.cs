using ILGPU;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;

namespace Trainer.Kernels.Gpu.Normalization;

/// <param name="Weight">(channels), or none; likewise <paramref name="Bias"/>.</param>
/// <param name="ScaleShift">Receives scale and shift, (2, channels).</param>
/// <param name="Groups">Of the next.</param>
/// <param name="Saved">Receives mean and invstd, (groups, 2, channels); none: not wanted.</param>
internal readonly record struct InferenceTable(
    int Channels, float Eps, ArrayView<float> Mean, ArrayView<float> Variance, ArrayView<float> Weight, ArrayView<float> Bias, ArrayView<float> ScaleShift,
    int Groups, ArrayView<float> Saved);

/// <param name="SampleGroups">The group of each sample; none: all are of the first.</param>
/// <param name="ScaleShift">(groups, 2, channels)</param>
internal readonly record struct BatchNormalize(
    ChannelCells Cells, int Channels, SampleRows X, ArrayView<int> SampleGroups, ArrayView<float> ScaleShift, OutputSteps Steps, SampleRows Y);

/// <param name="RunChannels">Channels of a group.</param>
/// <param name="Saved">Mean and invstd, (samples, groups, 2).</param>
internal readonly record struct GroupNormalize(
    ChannelCells Cells, FastDivisor RunChannels, int Groups, SampleRows X, ArrayView<float> Weight, ArrayView<float> Bias, ArrayView<float> Saved,
    OutputSteps Steps, SampleRows Y);

/// <summary>y = fma(x, scale, shift), then the epilogue: a thread makes one element.</summary>
internal static class NormalizeKernels
{
    /// <summary>What all samples are normalised with in evaluation: a thread has one channel.</summary>
    public static readonly Kernel<InferenceTable> Inference = Kernel.Of<InferenceTable>(SetInference);

    public static readonly Kernel<BatchNormalize> Batch = Kernel.Of<BatchNormalize>(NormalizeByTable);

    public static readonly Kernel<GroupNormalize> Groups = Kernel.Of<GroupNormalize>(NormalizeByGroup);

    /// <summary>scale = weight invstd; shift = fma(-mean, scale, bias).</summary>
    public static void SetScaleShift(
        ArrayView<float> table, long place, int channels, int channel, float mean, float invstd, ArrayView<float> weight, ArrayView<float> bias)
    {
        var scale = weight.Length == 0 ? invstd : Exact.Multiply(weight[channel], invstd);
        table[place] = scale;
        table[place + channels] = LaneNorm<ExactLane, float>.Shift(mean, scale, bias.Length == 0 ? 0 : bias[channel]);
    }

    private static void SetInference(InferenceTable a)
    {
        var channel = Grid.GlobalIndex.X;
        if (channel < a.Channels)
        {
            var invstd = LaneNorm<ExactLane, float>.InverseDeviation(a.Variance[channel], a.Eps);
            SetScaleShift(a.ScaleShift, channel, a.Channels, channel, a.Mean[channel], invstd, a.Weight, a.Bias);
            var saved = a.Saved;
            for (var group = 0; group < a.Groups; group++)
            {
                saved[(group * 2L * a.Channels) + channel] = a.Mean[channel];
                saved[(((group * 2L) + 1) * a.Channels) + channel] = invstd;
            }
        }
    }

    private static void NormalizeByTable(BatchNormalize a)
    {
        var sample = a.Cells.Sample;
        var element = a.Cells.ElementOf(sample);
        if (!a.Cells.Has(element))
        {
            return;
        }

        var group = a.SampleGroups.Length == 0 ? 0 : a.SampleGroups[sample];
        var place = (group * 2L * a.Channels) + a.Cells.ChannelOf(element);
        var v = Exact.Fma(a.X[sample, element], a.ScaleShift[place], a.ScaleShift[place + a.Channels]);
        var y = a.Y;
        y[sample, element] = a.Steps.Apply(v, sample, element);
    }

    private static void NormalizeByGroup(GroupNormalize a)
    {
        var sample = a.Cells.Sample;
        var element = a.Cells.ElementOf(sample);
        if (!a.Cells.Has(element))
        {
            return;
        }

        var channel = a.Cells.ChannelOf(element);
        var place = ((sample * (long)a.Groups) + a.RunChannels.Quotient(channel)) * 2;
        var scale = a.Weight.Length == 0 ? a.Saved[place + 1] : Exact.Multiply(a.Weight[channel], a.Saved[place + 1]);
        var shift = LaneNorm<ExactLane, float>.Shift(a.Saved[place], scale, a.Bias.Length == 0 ? 0 : a.Bias[channel]);
        var y = a.Y;
        y[sample, element] = a.Steps.Apply(Exact.Fma(a.X[sample, element], scale, shift), sample, element);
    }
}
