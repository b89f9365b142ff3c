using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Elementwise;

/// <summary>Each channel times its sample's factor, and an output's or a gradient's epilogue. A run of elements goes channel by channel, or, of one pixel each, at once.</summary>
internal sealed unsafe class ChannelProducts<TSimd, TVector>(ThreadTeam team) : SampleWork(team)
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private int _pixels;
    private bool _isForward;
    private SampleRows _source;
    private SampleRows _factor;
    private OutputSteps _outputSteps;
    private GradientSteps _gradientSteps;
    private SampleRows _target;

    public void Forward(int channels, int pixels, int samples, SampleRows x, SampleRows factor, OutputSteps steps, SampleRows y)
    {
        (_isForward, _pixels, _source, _factor, _outputSteps, _target) = (true, pixels, x, factor, steps, y);
        Execute(samples, (long)channels * pixels);
    }

    public void Backward(int channels, int pixels, int samples, SampleRows dy, SampleRows factor, GradientSteps steps, SampleRows dx)
    {
        (_isForward, _pixels, _source, _factor, _gradientSteps, _target) = (false, pixels, dy, factor, steps, dx);
        Execute(samples, (long)channels * pixels);
    }

    protected override void RunElementsOf(int sample, long first, int count)
    {
        for (var (at, end) = (first, first + count); at < end;)
        {
            var channel = at / _pixels;
            var length = _pixels == 1 ? count : (int)(Math.Min(end, (channel + 1) * _pixels) - at);
            Write(_factor.At(sample, channel), sample, at, length);
            at += length;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Write(float* factor, int sample, long first, int count)
    {
        var source = _source.At(sample, first);
        var target = _target.At(sample, first);
        var addend = (_isForward ? _outputSteps.Addend : _gradientSteps.Addend).At(sample, first);
        var output = _isForward ? null : _gradientSteps.Output.At(sample, first);
        var all = TSimd.Broadcast(*factor);
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var v = TSimd.Multiply(TSimd.Load(source + i), _pixels == 1 ? TSimd.Load(factor + i) : all);
            var next = addend == null ? null : addend + i;
            v = _isForward
                ? VectorEpilogue<TSimd, TVector>.Output(v, _outputSteps.Activation, next)
                : VectorEpilogue<TSimd, TVector>.Gradient(v, _gradientSteps.Activation, output + i, next);
            EpilogueRows<TSimd, TVector>.Store(target + i, v, count - i);
        }
    }
}
