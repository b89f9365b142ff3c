using System.Runtime.CompilerServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Devices.Cpu.Normalization;

/// <summary>Group normalisation, y or dx. A piece of work is some runs of channels, each of which is read again while it is in cache.</summary>
internal sealed unsafe class GroupNormWork<TSimd, TVector>(ThreadTeam team) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int RunElements = 16_384;

    private GroupNormGeometry _g;
    private int _runs;
    private int _runsPerPiece;
    private bool _isForward;
    private float* _weight;
    private float* _bias;
    private float* _saved;
    private SampleRows _x;
    private SampleRows _dy;
    private OutputSteps _outputSteps;
    private GradientSteps _gradientSteps;
    private SampleRows _target;

    private int RunChannels => _g.C / _g.Groups;

    /// <param name="saved">Receives mean and invstd, (samples, groups, 2); null in evaluation.</param>
    public void Forward(in GroupNormGeometry g, int samples, SampleRows x, float* weight, float* bias, float* saved, OutputSteps steps, SampleRows y)
    {
        _isForward = true;
        _bias = bias;
        (_outputSteps, _target) = (steps, y);
        Execute(g, samples, x, weight, saved);
    }

    public void Backward(in GroupNormGeometry g, int samples, SampleRows x, SampleRows dy, float* weight, float* saved, GradientSteps steps, SampleRows dx)
    {
        _isForward = false;
        (_dy, _gradientSteps, _target) = (dy, steps, dx);
        Execute(g, samples, x, weight, saved);
    }

    public override void Run(int piece, int thread)
    {
        for (var run = piece * _runsPerPiece; run < Math.Min(_runs, (piece + 1) * _runsPerPiece); run++)
        {
            var (sample, group) = (run / _g.Groups, run % _g.Groups);
            if (_isForward)
            {
                ForwardRun(sample, group);
            }
            else
            {
                BackwardRun(sample, group);
            }
        }
    }

    private void Execute(in GroupNormGeometry g, int samples, SampleRows x, float* weight, float* saved)
    {
        (_g, _x) = (g, x);
        _weight = weight;
        _saved = saved;
        _runs = checked(samples * g.Groups);
        _runsPerPiece = Math.Max(1, RunElements / (RunChannels * g.Pixels));
        team.Run(this, (_runs + _runsPerPiece - 1) / _runsPerPiece);
    }

    private void ForwardRun(int sample, int group)
    {
        var (first, count) = (group * RunChannels, RunChannels * _g.Pixels);
        var x = _x.At(sample, (long)first * _g.Pixels);
        var mean = LaneSum<TSimd, TVector, ValueTerm<TSimd, TVector>>.Of(x, x, 0, 0, count) / count;
        var squares = LaneSum<TSimd, TVector, SquaredDeviationTerm<TSimd, TVector>>.Of(x, x, mean, 0, count);
        var invstd = count == 1 ? 0 : 1 / MathF.Sqrt((squares / count) + _g.Eps);
        if (_saved != null)
        {
            var saved = _saved + (((sample * (long)_g.Groups) + group) * 2);
            (saved[0], saved[1]) = (mean, invstd);
        }

        for (var c = first; c < first + RunChannels; c++)
        {
            var place = (long)c * _g.Pixels;
            var scale = _weight == null ? invstd : _weight[c] * invstd;
            var shift = MathF.FusedMultiplyAdd(-mean, scale, _bias == null ? 0 : _bias[c]);
            PlaneNormalize<TSimd, TVector>.Plane(
                _x.At(sample, place),
                scale,
                shift,
                _g.Pixels,
                _outputSteps.Activation,
                _outputSteps.Addend.At(sample, place),
                _target.At(sample, place));
        }
    }

    /// <summary>
    /// dx = invstd fma(weight, dy, -fma(h, slope, shift)), where shift is the sum of weight dy over the run's elements, divided by their number, and
    /// slope that of weight dy h: Form L per channel, and channels by fused multiply-adds.
    /// </summary>
    private void BackwardRun(int sample, int group)
    {
        var (first, count) = (group * RunChannels, RunChannels * _g.Pixels);
        var saved = _saved + (((sample * (long)_g.Groups) + group) * 2);
        var (mean, invstd, shift, slope) = (saved[0], saved[1], 0f, 0f);
        for (var c = first; c < first + RunChannels; c++)
        {
            var place = (long)c * _g.Pixels;
            var weight = _weight == null ? 1 : _weight[c];
            PieceSums<TSimd, TVector>.Sum(_dy.At(sample, place), _x.At(sample, place), mean, invstd, _g.Pixels, out var sum, out var product);
            shift = MathF.FusedMultiplyAdd(weight, sum, shift);
            slope = MathF.FusedMultiplyAdd(weight, product, slope);
        }

        for (var c = first; c < first + RunChannels; c++)
        {
            GradientPlane(sample, c, mean, invstd, slope / count, shift / count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void GradientPlane(int sample, int channel, float mean, float invstd, float slope, float shift)
    {
        var place = (long)channel * _g.Pixels;
        var x = _x.At(sample, place);
        var dy = _dy.At(sample, place);
        var dx = _target.At(sample, place);
        var output = _gradientSteps.Output.At(sample, place);
        var addend = _gradientSteps.Addend.At(sample, place);
        var (means, factors, weight) = (TSimd.Broadcast(mean), TSimd.Broadcast(invstd), TSimd.Broadcast(_weight == null ? 1 : _weight[channel]));
        var (slopes, shifts) = (TSimd.Broadcast(slope), TSimd.Broadcast(shift));
        for (var i = 0; i < _g.Pixels; i += TSimd.Lanes)
        {
            var h = LaneNorm<TSimd, TVector>.Normalized(TSimd.Load(x + i), means, factors);
            var v = LaneNorm<TSimd, TVector>.GroupGradient(TSimd.Load(dy + i), h, slopes, shifts, weight, factors);
            v = VectorEpilogue<TSimd, TVector>.Gradient(v, _gradientSteps.Activation, output + i, addend == null ? null : addend + i);
            EpilogueRows<TSimd, TVector>.Store(dx + i, v, _g.Pixels - i);
        }
    }
}
