using System.Runtime.CompilerServices;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Reduction;

/// <summary>
/// db = dy summed over samples and pixels. Each piece of the plan is one piece of work, and a second pass folds them.
/// Convolutions sum a piece's pixels in Form L; linear layers, whose outputs are neighbours, a piece's samples in Form C.
/// </summary>
internal sealed unsafe class BiasGradient<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private readonly TreeFold<TSimd, TVector> _fold = new(team);
    private ReductionPlan? _plan;
    private SampleRows _dy;
    private int _channels;
    private int _samplePixels;
    private float* _partials;

    /// <param name="samplePixels">Output pixels per sample of a convolution; 0 for a linear layer.</param>
    public void Execute(ReductionPlan plan, SampleRows dy, int channels, int samplePixels, float** targets)
    {
        _plan = plan;
        _dy = dy;
        _channels = channels;
        _samplePixels = samplePixels;
        _partials = scratch.Shared((long)plan.Count * channels);
        scratch.EnsureOwn(plan.LongestPiece);
        team.Run(this, plan.Count);
        _fold.Execute(plan, _partials, channels);
        for (var i = 0; i < plan.Count; i++)
        {
            if (plan.IsFirstOfRoot(i))
            {
                var sums = new ReadOnlySpan<float>(_partials + ((long)i * channels), channels);
                sums.CopyTo(new Span<float>(targets[plan[i].Root], channels));
            }
        }
    }

    public override void Run(int piece, int thread)
    {
        var sums = _partials + ((long)piece * _channels);
        if (_samplePixels == 0)
        {
            SumSamples(_plan![piece], sums);
            return;
        }

        for (var channel = 0; channel < _channels; channel++)
        {
            sums[channel] = SumPixels(_plan![piece], channel, scratch.Own(thread));
        }
    }

    /// <summary>Form L over the pixels of one channel; those of several samples are first brought together.</summary>
    private float SumPixels(ReductionPiece piece, int channel, float* gathered)
    {
        var (sample, pixel) = (piece.FirstPixel / _samplePixels, piece.FirstPixel % _samplePixels);
        var source = _dy.At(sample, ((long)channel * _samplePixels) + pixel);
        if (pixel + piece.Pixels <= _samplePixels)
        {
            return Vectors<TSimd, TVector>.Sum(source, piece.Pixels);
        }

        for (var done = 0; done < piece.Pixels; done += _samplePixels, source += _dy.Stride)
        {
            new ReadOnlySpan<float>(source, _samplePixels).CopyTo(new Span<float>(gathered + done, _samplePixels));
        }

        return Vectors<TSimd, TVector>.Sum(gathered, piece.Pixels);
    }

    /// <summary>Form C over the samples, for all outputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SumSamples(ReductionPiece piece, float* sums)
    {
        for (var output = 0; output < _channels; output += TSimd.Lanes)
        {
            var count = Math.Min(TSimd.Lanes, _channels - output);
            var source = _dy.At(piece.FirstPixel, output);
            var total = TSimd.Broadcast(0);
            for (var done = 0; done < piece.Pixels; done += WeightGradient<TSimd, TVector>.ChainLength)
            {
                var chain = TSimd.Broadcast(0);
                var length = Math.Min(WeightGradient<TSimd, TVector>.ChainLength, piece.Pixels - done);
                for (var i = 0; i < length; i++, source += _dy.Stride)
                {
                    chain = TSimd.Add(chain, TSimd.LoadFirst(source, count));
                }

                total = done == 0 ? chain : TSimd.Add(total, chain);
            }

            TSimd.StoreFirst(sums + output, total, count);
        }
    }
}
