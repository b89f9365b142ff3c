using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Reduction;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Linear;

/// <summary>dw (O x I) = dy transposed (O x N) x (N x I), summed over samples as rule 4 says.</summary>
internal sealed unsafe class LinearBackwardWeights<TSimd, TVector>(ThreadTeam team, Scratch scratch)
    : WeightGradient<TSimd, TVector>(team, scratch), IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>Gradients from 16 MiB on leave the caches before anyone reads them.</summary>
    private const long StreamedElements = 4 << 20;

    /// <summary>Columns from which on it pays to pack dy.</summary>
    private const int PackedColumns = 64;

    private readonly NativeBuffer _offsets = new();
    private SampleRows _x;
    private SampleRows _dy;

    protected override int Step => checked((int)_dy.Stride);

    protected override int* Offsets => _offsets.Ensure<int>(0);

    protected override bool PacksLeft() => Columns >= PackedColumns;

    public void Execute(int inputs, int outputs, ReductionPlan plan, SampleRows x, SampleRows dy, float** targets)
    {
        (_x, _dy) = (x, dy);
        var offsets = _offsets.Ensure<int>(outputs + GradientKernel.LargestTile);
        for (var row = 0; row < outputs + GradientKernel.LargestTile; row++)
        {
            offsets[row] = Math.Min(row, outputs - 1);
        }

        Reduce(plan, outputs, inputs, targets);
    }

    public void Dispose() => _offsets.Dispose();

    protected override int ListRuns(int begun, int firstPixel, int pixels, float* images, PixelRun* runs)
    {
        runs[0] = new PixelRun(_dy.At(firstPixel, 0), pixels);
        return 1;
    }

    /// <summary>Sample by sample: rows of dy are often a power of two apart, where only a few at once have room in a cache.</summary>
    protected override void PackLeft(int firstPixel, int pixels, float* panels)
    {
        for (var pixel = 0; pixel < pixels; pixel++, panels += Kernel.Rows)
        {
            Packing.Deal(_dy.At(firstPixel + pixel, 0), Rows, Kernel.Rows, panels, (nint)pixels * Kernel.Rows);
        }
    }

    protected override void PackRight(int firstPixel, int pixels, int column, int columns, float* panel) =>
        Packing.CopyBlock(_x.At(firstPixel, column), (nint)_x.Stride, pixels, columns, panel, Kernel.Columns);

    protected override void Emit(float* sums, int row, int rows, int column, int columns, float* target)
    {
        target += ((long)row * Columns) + column;
        if ((long)Rows * Columns >= StreamedElements)
        {
            Packing.StreamBlock(sums, Kernel.Columns, rows, columns, target, Columns);
        }
        else
        {
            Packing.CopyBlock(sums, Kernel.Columns, rows, columns, target, Columns);
        }
    }
}
