using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Convolution;

/// <summary>y (K x pixels) = w (K x CRS) im2col(x), with bias and activation on the way out.</summary>
internal sealed unsafe class Conv2dForward<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ConvolutionProduct<TSimd, TVector>(team, scratch)
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private float* _w;
    private int _reduction;

    public void Execute(in Conv2dGeometry g, int samples, float* x, float* w, float* b, Activation activation, float* y)
    {
        Patches.Forward(g);
        Source = x;
        _w = w;
        Bias = b;
        Activation = activation;
        Target = y;
        _reduction = g.Reduction;
        Convolve(samples, g.K, g.Reduction);
    }

    protected override void PackA(int row, int rows, int k, int depth, float* panel) =>
        Packing.Transpose(_w + ((long)row * _reduction) + k, _reduction, rows, depth, panel, Kernel.Rows, Kernel.Rows);
}
