using System.Runtime.CompilerServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Elementwise;

/// <summary>A leaky relu whose slope is a parameter of the channel, both ways. A run of elements goes channel by channel.</summary>
internal sealed unsafe class ChannelSlopes<TSimd, TVector>(ThreadTeam team) : SampleWork(team)
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private int _pixels;
    private float* _slope;
    private SampleRows _x;
    private SampleRows _y;
    private SampleRows _dy;
    private SampleRows _terms;
    private GradientSteps _steps;
    private SampleRows _dx;

    /// <param name="slope">(channels)</param>
    public void Forward(int channels, int pixels, int samples, SampleRows x, float* slope, SampleRows y)
    {
        (_pixels, _x, _y, _dy) = (pixels, x, y, default);
        _slope = slope;
        Execute(samples, (long)channels * pixels);
    }

    /// <param name="terms">Receives what each element adds to the gradient of its slope.</param>
    /// <param name="dx">May be left out.</param>
    public void Backward(
        int channels, int pixels, int samples, SampleRows x, SampleRows dy, float* slope, SampleRows terms, GradientSteps steps, SampleRows dx)
    {
        (_pixels, _x, _dy, _terms, _steps, _dx) = (pixels, x, dy, terms, steps, dx);
        _slope = slope;
        Execute(samples, (long)channels * pixels);
    }

    protected override void RunElementsOf(int sample, long first, int count)
    {
        for (var (at, end) = (first, first + count); at < end;)
        {
            var channel = at / _pixels;
            var length = (int)(Math.Min(end, (channel + 1) * _pixels) - at);
            var activation = Activation.LeakyRelu(_slope[channel]);
            if (_dy.IsEmpty)
            {
                EpilogueRows<TSimd, TVector>.WriteOutputs(_x.At(sample, at), length, activation, null, _y.At(sample, at));
            }
            else
            {
                Gradients(activation, sample, at, length);
            }

            at += length;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gradients(Activation own, int sample, long first, int count)
    {
        var x = _x.At(sample, first);
        var dy = _dy.At(sample, first);
        var terms = _terms.At(sample, first);
        var output = _steps.Output.At(sample, first);
        var addend = _steps.Addend.At(sample, first);
        var dx = _dx.At(sample, first);
        var zero = TSimd.Broadcast(0);
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var (source, v) = (TSimd.Load(x + i), TSimd.Load(dy + i));
            EpilogueRows<TSimd, TVector>.Store(terms + i, TSimd.SelectLess(zero, source, zero, TSimd.Multiply(v, source)), count - i);
            if (dx != null)
            {
                v = LaneActivation<TSimd, TVector>.MultiplyDerivativeOfInput(own, source, v);
                v = VectorEpilogue<TSimd, TVector>.Gradient(v, _steps.Activation, output + i, addend == null ? null : addend + i);
                EpilogueRows<TSimd, TVector>.Store(dx + i, v, count - i);
            }
        }
    }
}
