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
    private int _outputs;
    private float* _dy;
    private float* _w;
    private float* _derivative;
    private float* _dx;

    public void Execute(int inputs, int outputs, int samples, float* dy, float* w, float* derivative, float* dx)
    {
        _inputs = inputs;
        _outputs = outputs;
        _dy = dy;
        _w = w;
        _derivative = derivative;
        _dx = dx;
        Multiply(samples, inputs, outputs);
    }

    protected override void PackA(int row, int rows, int k, int depth, float* panel) =>
        Packing.Transpose(_dy + ((long)row * _outputs) + k, _outputs, rows, depth, panel, Kernel.Rows, Kernel.Rows);

    protected override void PackB(ColumnBlock block, int column, int columns, int k, int depth, float* panel) =>
        Packing.CopyRows(_w + ((long)k * _inputs) + column, _inputs, depth, columns, panel, Kernel.Columns);

    protected override void Store(float* tile, TilePlace place)
    {
        var steps = new EpilogueSteps(!place.FirstBlock, Activation.None);
        var target = ((long)place.Row * Columns) + place.Column;
        var derivative = place.LastBlock && _derivative != null ? _derivative + target : null;
        Epilogue<TSimd, TVector>.WriteRows(tile, Kernel.Columns, place.Rows, place.Columns, _dx + target, Columns, steps, null, false, derivative);
    }
}
