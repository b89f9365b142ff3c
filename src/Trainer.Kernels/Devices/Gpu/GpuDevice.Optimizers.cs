namespace Trainer.Kernels.Devices.Gpu;

/// <summary>Optimizers.</summary>
internal sealed partial class GpuDevice
{
    public override bool Divide(Tensor values, float divisor) =>
        throw new NotSupportedException(nameof(Divide));

    public override ulong Update(ReadOnlySpan<UpdateRun> runs, float scale, Tensor weights, Tensor total, Tensor state0, Tensor state1) =>
        throw new NotSupportedException(nameof(Update));
}
