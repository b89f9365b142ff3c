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
    private float* _x;
    private float* _w;
    private float* _b;
    private float* _y;
    private Activation _activation;

    public void Execute(int inputs, int outputs, int samples, float* x, float* w, float* b, Activation activation, float* y)
    {
        _inputs = inputs;
        _x = x;
        _w = w;
        _b = b;
        _activation = activation;
        _y = y;
        Multiply(samples, outputs, inputs);
    }

    protected override void PackA(int row, int rows, int k, int depth, float* panel) =>
        Packing.Transpose(_x + ((long)row * _inputs) + k, _inputs, rows, depth, panel, Kernel.Rows, Kernel.Rows);

    protected override void PackB(ColumnBlock block, int column, int columns, int k, int depth, float* panel) =>
        Packing.Transpose(_w + ((long)column * _inputs) + k, _inputs, columns, depth, panel, Kernel.Columns, Kernel.Columns);

    protected override void Store(float* tile, TilePlace place)
    {
        var steps = new EpilogueSteps(!place.FirstBlock, place.LastBlock ? _activation : Activation.None);
        var bias = place.LastBlock && _b != null ? _b + place.Column : null;
        var target = _y + ((long)place.Row * Columns) + place.Column;
        Epilogue<TSimd, TVector>.WriteRows(tile, Kernel.Columns, place.Rows, place.Columns, target, Columns, steps, bias, false, null);
    }
}
