using System.Runtime.CompilerServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Elementwise;

/// <summary>dx = (dy f'(source) + addend) g'(output) with f the operation's own activation, if it has one, and g the epilogue's.</summary>
internal sealed unsafe class ElementwiseBackward<TSimd, TVector>(ThreadTeam team) : SampleWork(team)
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private Activation _activation;
    private SampleRows _source;
    private SampleRows _dy;
    private GradientSteps _steps;
    private SampleRows _dx;

    /// <param name="source">y for activations that have a derivative of their output, else x; not read without an activation.</param>
    public void Execute(Activation activation, long elements, int samples, SampleRows source, SampleRows dy, GradientSteps steps, SampleRows dx)
    {
        (_activation, _source, _dy, _steps, _dx) = (activation, source, dy, steps, dx);
        var isDense = source.IsDense(elements) && dy.IsDense(elements) && dx.IsDense(elements)
            && steps.Output.IsDense(elements) && steps.Addend.IsDense(elements);
        Execute(isDense ? 1 : samples, isDense ? samples * elements : elements);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void RunElementsOf(int sample, long first, int count)
    {
        var dy = _dy.At(sample, first);
        var dx = _dx.At(sample, first);
        var source = _source.At(sample, first);
        var output = _steps.Output.At(sample, first);
        var addend = _steps.Addend.At(sample, first);
        var (own, activation) = (_activation, _steps.Activation);
        var (isNone, ofOutput) = (own.IsNone, own.HasDerivativeOfOutput);
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var v = TSimd.Load(dy + i);
            if (!isNone)
            {
                v = ofOutput
                    ? LaneActivation<TSimd, TVector>.MultiplyDerivativeOfOutput(own, TSimd.Load(source + i), v)
                    : LaneActivation<TSimd, TVector>.MultiplyDerivativeOfInput(own, TSimd.Load(source + i), v);
            }

            v = VectorEpilogue<TSimd, TVector>.Gradient(v, activation, output + i, addend == null ? null : addend + i);
            if (i + TSimd.Lanes <= count)
            {
                TSimd.Store(dx + i, v);
            }
            else
            {
                TSimd.StoreFirst(dx + i, v, count - i);
            }
        }
    }
}
