using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Convolution;

/// <summary>dx (C x pixels) = w transposed (C x KRS) im2col(dy), times the derivative of the activation before.</summary>
internal sealed unsafe class Conv2dBackwardData<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ConvolutionProduct<TSimd, TVector>(team, scratch)
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private Conv2dGeometry _g;
    private float* _w;

    public void Execute(in Conv2dGeometry g, int samples, float* dy, float* w, float* derivative, float* dx)
    {
        Patches.BackwardData(g);
        _g = g;
        Source = dy;
        _w = w;
        Derivative = derivative;
        Target = dx;
        Convolve(samples, g.C, g.K * g.R * g.S);
    }

    /// <summary>A[c, (k,r,s)] = w[k, c, r, s].</summary>
    protected override void PackA(int row, int rows, int k, int depth, float* panel)
    {
        var filter = _g.R * _g.S;
        for (var i = k; i < k + depth; i++, panel += Kernel.Rows)
        {
            var source = _w + ((((long)(i / filter) * _g.C) + row) * filter) + (i % filter);
            for (var c = 0; c < Kernel.Rows; c++)
            {
                panel[c] = c < rows ? source[c * filter] : 0;
            }
        }
    }
}
