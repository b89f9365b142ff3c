using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Elementwise;

/// <summary>y = activation(x + addend), element by element: activations, sums and copies.</summary>
internal sealed unsafe class ElementwiseForward<TSimd, TVector>(ThreadTeam team) : SampleWork(team)
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private SampleRows _x;
    private OutputSteps _steps;
    private SampleRows _y;

    public void Execute(long elements, int samples, SampleRows x, OutputSteps steps, SampleRows y)
    {
        (_x, _steps, _y) = (x, steps, y);
        var isDense = x.IsDense(elements) && y.IsDense(elements) && steps.Addend.IsDense(elements);
        Execute(isDense ? 1 : samples, isDense ? samples * elements : elements);
    }

    protected override void RunElementsOf(int sample, long first, int count) => EpilogueRows<TSimd, TVector>.WriteOutputs(
        _x.At(sample, first), count, _steps.Activation, _steps.Addend.At(sample, first), _y.At(sample, first));
}
