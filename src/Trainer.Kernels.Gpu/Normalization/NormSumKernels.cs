using ILGPU;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;
using Trainer.Kernels.Gpu.Reduction;

namespace Trainer.Kernels.Gpu.Normalization;

/// <param name="ChannelRuns">Runs of 16 channels that hold them all.</param>
/// <param name="Pieces">As <see cref="GpuReduction.Pieces"/>, where a row is one pixel; none: each sample is a piece.</param>
/// <param name="Sums">Receives the sums of dy and of dy h, (pieces, 2, channels).</param>
internal readonly record struct NormSums(
    int Channels, int ChannelRuns, int Pixels, ArrayView<int> Pieces, SampleRows X, SampleRows Dy, MomentTable Saved, ArrayView<float> Sums);

/// <summary>
/// Per piece and channel the sums of dy and of dy h, h = (x - mean) invstd, in Form L: both of them in one pass over dy and x. A group of threads has 16
/// channels of a piece. The 16 lanes of a channel are neighbours; where planes have one pixel, neighbours in memory are channels, and so are neighbouring
/// threads.
/// </summary>
internal static class NormSumKernels
{
    public const int RunChannels = ThreadGroup.Size / Lanes;

    public static readonly Kernel<NormSums> Sums = Kernel.Of<NormSums>(SumPiece, KernelPromise.FusedProducts);

    private const int Lanes = 16;

    private static void SumPiece(NormSums a)
    {
        var piece = Grid.IdxX / a.ChannelRuns;
        var (quotient, remainder) = (Group.IdxX / Lanes, Group.IdxX % Lanes);
        var lane = a.Pixels == 1 ? quotient : remainder;
        var row = a.Pixels == 1 ? remainder : quotient;
        var channel = ((Grid.IdxX - (piece * a.ChannelRuns)) * RunChannels) + row;
        var first = a.Pieces.Length == 0 ? piece * a.Pixels : a.Pieces[(piece * GpuReduction.PieceStride) + 1];
        var count = a.Pieces.Length == 0 ? a.Pixels : a.Pieces[(piece * GpuReduction.PieceStride) + 2];
        if (channel >= a.Channels)
        {
            count = 0;
        }

        var (samplesOn, pixelsOn) = (Lanes / a.Pixels, Lanes % a.Pixels);
        var sample = (first + lane) / a.Pixels;
        var pixel = first + lane - (sample * a.Pixels);
        var (sum, product, mean, invstd, ofSample) = (0f, 0f, 0f, 0f, -1);
        for (var i = lane; i < count; i += Lanes)
        {
            if (sample != ofSample)
            {
                var place = a.Saved.PlaceOf(sample, channel);
                mean = a.Saved.Values[place];
                invstd = a.Saved.Values[place + a.Saved.Deviation];
                ofSample = sample;
            }

            var element = ((long)channel * a.Pixels) + pixel;
            var dy = a.Dy[sample, element];
            sum = Exact.Add(sum, dy);
            product = Exact.Fma(dy, LaneNorm<ExactLane, float>.Normalized(a.X[sample, element], mean, invstd), product);
            sample += samplesOn;
            pixel += pixelsOn;
            if (pixel >= a.Pixels)
            {
                pixel -= a.Pixels;
                sample++;
            }
        }

        sum = LaneFold.SumOf(row, lane, sum);
        product = LaneFold.SumOf(row, lane, product);
        if (lane == 0 && channel < a.Channels)
        {
            var (sums, place) = (a.Sums, (piece * 2L * a.Channels) + channel);
            sums[place] = sum;
            sums[place + a.Channels] = product;
        }
    }
}
