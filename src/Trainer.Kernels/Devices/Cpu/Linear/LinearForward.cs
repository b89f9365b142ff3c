using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Linear;

/// <summary>y (N x O) = x (N x I) w transposed (I x O), with bias and activation on the way out.</summary>
internal sealed unsafe class LinearForward<TSimd, TVector>(ThreadTeam team, Scratch scratch) : BlockedProduct<TSimd, TVector>(team, scratch)
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private int _inputs;
    private SampleRows _x;
    private float* _w;
    private Finish _finish;
    private SampleRows _y;

    public void Execute(int inputs, int outputs, int samples, SampleRows x, float* w, in Finish finish, SampleRows y)
    {
        (_inputs, _x, _finish, _y) = (inputs, x, finish, y);
        _w = w;
        Multiply(samples, outputs, inputs);
    }

    protected override void PackA(int row, int rows, int k, int depth, float* panel) =>
        Packing.Transpose(_x.At(row, k), (nint)_x.Stride, rows, depth, panel, Kernel.Rows, Kernel.Rows);

    protected override void PackB(ColumnBlock block, int column, int columns, int k, int depth, float* panel) =>
        Packing.Transpose(_w + ((long)column * _inputs) + k, _inputs, columns, depth, panel, Kernel.Columns, Kernel.Columns);

    protected override void Store(float* tile, float* prior, TilePlace place)
    {
        var bias = _finish.Bias == null ? null : _finish.Bias + place.Column;
        Epilogue<TSimd, TVector>.WriteSamples(
            tile,
            Kernel.Columns,
            place.Rows,
            place.Columns,
            _y.At(place.Row, place.Column),
            (nint)_y.Stride,
            _finish,
            _finish.At(place.Row, place.Column, bias, prior, Kernel.Columns));
    }
}
