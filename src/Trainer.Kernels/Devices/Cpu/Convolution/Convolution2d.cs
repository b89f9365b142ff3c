using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Convolution;

/// <summary>Forward and backward-data passes: direct where the target has few channels, else a product with packed patches.</summary>
/// <remarks>The choice depends on the shape of one sample alone, not on the instruction set: see <see cref="TapClasses"/> for why.</remarks>
internal sealed unsafe class Convolution2d<TSimd, TVector>(ThreadTeam team, Scratch scratch) : IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private readonly ConvolutionCall _call = new();
    private readonly DirectConvolution<TSimd, TVector> _direct = new(team, scratch);
    private readonly ConvolutionProduct<TSimd, TVector> _product = new(team, scratch);

    public void Forward(in Conv2dGeometry g, int samples, float* x, float* w, float* b, Activation activation, float* y)
    {
        _call.Forward(g, samples, x, w, b, activation, y);
        Execute();
    }

    public void BackwardData(in Conv2dGeometry g, int samples, float* dy, float* w, float* derivative, float* dx)
    {
        _call.BackwardData(g, samples, dy, w, derivative, dx);
        Execute();
    }

    public void Dispose()
    {
        _call.Dispose();
        _direct.Dispose();
    }

    private void Execute()
    {
        if (_call.Channels <= DirectConvolution<TSimd, TVector>.Channels && _call.Patches.ColumnStep == 1)
        {
            _direct.Execute(_call);
        }
        else
        {
            _product.Execute(_call);
        }
    }
}
