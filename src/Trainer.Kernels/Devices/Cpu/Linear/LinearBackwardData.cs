using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Linear;

/// <summary>dx (N x I) = dy (N x O) w (O x I), times the derivative of the activation before.</summary>
internal sealed unsafe class LinearBackwardData<TSimd, TVector>(ThreadTeam team, Scratch scratch) : BlockedProduct<TSimd, TVector>(team, scratch)
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private int _inputs;
    private SampleRows _dy;
    private float* _w;
    private Finish _finish;
    private SampleRows _dx;

    public void Execute(int inputs, int outputs, int samples, SampleRows dy, float* w, in Finish finish, SampleRows dx)
    {
        (_inputs, _dy, _finish, _dx) = (inputs, dy, finish, dx);
        _w = w;
        Multiply(samples, inputs, outputs);
    }

    protected override void PackA(int row, int rows, int k, int depth, float* panel) =>
        Packing.Transpose(_dy.At(row, k), (nint)_dy.Stride, rows, depth, panel, Kernel.Rows, Kernel.Rows);

    protected override void PackB(ColumnBlock block, int column, int columns, int k, int depth, float* panel) =>
        Packing.CopyBlock(_w + ((long)k * _inputs) + column, _inputs, depth, columns, panel, Kernel.Columns);

    /// <summary>Row by row of the weights: they come from memory, and far more of a row than a panel's width is at hand at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void PackPanels(ColumnBlock block, int k, int depth, float* panels)
    {
        var source = _w + ((long)k * _inputs) + block.First;
        for (var row = 0; row < depth; row++, source += _inputs, panels += Kernel.Columns)
        {
            for (var column = 0; column < block.Count; column += Kernel.Columns)
            {
                Packing.CopyShort(source + column, panels + ((long)column * depth), Math.Min(Kernel.Columns, block.Count - column));
            }
        }
    }

    protected override void Store(float* tile, float* prior, TilePlace place) => Epilogue<TSimd, TVector>.WriteSamples(
        tile,
        Kernel.Columns,
        place.Rows,
        place.Columns,
        _dx.At(place.Row, place.Column),
        (nint)_dx.Stride,
        _finish,
        _finish.At(place.Row, place.Column, null, prior, Kernel.Columns));
}
