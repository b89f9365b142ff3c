using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Reduction;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Linear;

/// <summary>dw (O x I) = dy transposed (O x N) x (N x I), summed over samples as rule 4 says.</summary>
internal sealed unsafe class LinearBackwardWeights<TSimd, TVector>(ThreadTeam team, Scratch scratch) : WeightGradient<TSimd, TVector>(team, scratch)
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private float* _x;
    private float* _dy;

    public void Execute(int inputs, int outputs, ReductionPlan plan, float* x, float* dy, float** targets)
    {
        _x = x;
        _dy = dy;
        Reduce(plan, outputs, inputs, targets);
    }

    protected override void PackLeft(int firstPixel, int pixels, int row, int rows, float* panel) =>
        Packing.CopyRows(_dy + ((long)firstPixel * Rows) + row, Rows, pixels, rows, panel, Kernel.Rows);

    protected override void PackRight(ReductionPiece piece, int firstPixel, int pixels, int column, int columns, float* work, float* panel) =>
        Packing.CopyRows(_x + ((long)firstPixel * Columns) + column, Columns, pixels, columns, panel, Kernel.Columns);
}
