using System.Runtime.CompilerServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Normalization;

/// <summary>
/// Per piece and channel the sums of dy and of dy h, h = (x - mean) invstd, in Form L: (pieces, 2, channels). Pieces that hold several samples have
/// them brought together first. Each piece of the plan is one piece of work.
/// </summary>
internal sealed unsafe class PieceSums<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private ReductionPlan? _plan;
    private int _channels;
    private int _pixels;
    private SampleRows _x;
    private SampleRows _dy;
    private SavedMoments _saved;
    private float* _sums;

    /// <param name="plan">Of samples with so many pixels, a row of which is one pixel.</param>
    public void Execute(ReductionPlan plan, int channels, int pixels, SampleRows x, SampleRows dy, SavedMoments saved, float* sums)
    {
        (_plan, _channels, _pixels) = (plan, channels, pixels);
        (_x, _dy, _saved) = (x, dy, saved);
        _sums = sums;
        scratch.EnsureOwn(2L * (plan.LongestPiece + CpuMemory.Slack));
        team.Run(this, plan.Count);
    }

    public override void Run(int piece, int thread)
    {
        var (first, count) = (_plan![piece].FirstPixel, _plan[piece].Pixels);
        var (sample, pixel) = (first / _pixels, first % _pixels);
        var sums = _sums + (piece * 2L * _channels);
        for (var channel = 0; channel < _channels; channel++)
        {
            if (pixel + count > _pixels)
            {
                SumSamples(sample, count / _pixels, channel, sums + channel, scratch.Own(thread));
                continue;
            }

            var place = ((long)channel * _pixels) + pixel;
            var (mean, invstd) = _saved.Of(sample, channel);
            Sum(_dy.At(sample, place), _x.At(sample, place), mean, invstd, count, out sums[channel], out sums[channel + _channels]);
        }
    }

    /// <summary>The sums of dy and dy h over neighbouring elements of a channel.</summary>
    public static void Sum(float* dy, float* x, float mean, float invstd, int count, out float sum, out float product)
    {
        sum = LaneSum<TSimd, TVector, ValueTerm<TSimd, TVector>>.Of(dy, dy, 0, 0, count);
        product = LaneSum<TSimd, TVector, NormalizedProductTerm<TSimd, TVector>>.Of(dy, x, mean, invstd, count);
    }

    private void SumSamples(int sample, int samples, int channel, float* sums, float* gathered)
    {
        var count = samples * _pixels;
        var h = gathered + count + CpuMemory.Slack;
        for (var i = 0; i < samples; i++)
        {
            var place = (long)channel * _pixels;
            var (mean, invstd) = _saved.Of(sample + i, channel);
            Gather(_dy.At(sample + i, place), _x.At(sample + i, place), mean, invstd, _pixels, gathered + (i * _pixels), h + (i * _pixels));
        }

        sums[0] = LaneSum<TSimd, TVector, ValueTerm<TSimd, TVector>>.Of(gathered, gathered, 0, 0, count);
        sums[_channels] = LaneSum<TSimd, TVector, ProductTerm<TSimd, TVector>>.Of(gathered, h, 0, 0, count);
    }

    /// <summary>Copies dy and writes h. Writes whole vectors: the next sample, or slack, lies beyond.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gather(float* dy, float* x, float mean, float invstd, int count, float* gradients, float* h)
    {
        var (means, factors) = (TSimd.Broadcast(mean), TSimd.Broadcast(invstd));
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            TSimd.Store(gradients + i, TSimd.Load(dy + i));
            TSimd.Store(h + i, LaneNorm<TSimd, TVector>.Normalized(TSimd.Load(x + i), means, factors));
        }
    }
}

/// <summary>Where a forward pass saved mean and invstd of a sample and channel.</summary>
/// <param name="groupOf">Batch norm: the group of each sample, (groups, 2, channels). Null: group norm, (samples, groups, 2).</param>
/// <param name="groupChannels">Channels of a group of group norm.</param>
internal readonly unsafe struct SavedMoments(float* saved, int channels, int* groupOf, int groupChannels)
{
    public (float Mean, float Invstd) Of(int sample, int channel)
    {
        if (groupOf == null)
        {
            var entry = saved + (((sample * (long)(channels / groupChannels)) + (channel / groupChannels)) * 2);
            return (entry[0], entry[1]);
        }

        var place = saved + (groupOf[sample] * 2L * channels) + channel;
        return (place[0], place[channels]);
    }
}
