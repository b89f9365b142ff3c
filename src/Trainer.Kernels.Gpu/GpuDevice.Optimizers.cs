using ILGPU.Runtime;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu.Updates;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;
using Trainer.Kernels.Gpu.Updates;

namespace Trainer.Kernels.Gpu;

/// <summary>Optimizers: passes over flat buffers that end with a number for the host, which is waited for.</summary>
internal sealed partial class GpuDevice
{
    public override bool Divide(Tensor values, float divisor)
    {
        var view = GpuOperand.View(nameof(Divide), "values", values, Extent.Of(values.Elements));
        _accelerator.Bind();
        var notFinite = _results.Take<int>(1);
        notFinite.MemSetToZero(_stream);
        LaunchThreads(FlatKernels.Divide, values.Elements, new Division(divisor, view, notFinite));
        return Receive<int>(1)[0] == 0;
    }

    public override float SquaredNorm(Tensor values)
    {
        var view = GpuOperand.View(nameof(SquaredNorm), "values", values, Extent.Of(values.Elements));
        _accelerator.Bind();
        var chunks = Chunk.CountOf(values.Elements);
        Launch(FlatKernels.SquaredNorm, chunks, ThreadGroup.Size, new ChunkSquares(values.Elements, view, _results.Take<float>(chunks)));
        var total = 0f;
        foreach (var sum in Receive<float>(chunks))
        {
            total += sum;
        }

        return total;
    }

    public override ulong Update(ReadOnlySpan<UpdateRun> runs, float scale, Tensor weights, Tensor total, Tensor state0, Tensor state1)
    {
        const string Operation = nameof(Update);
        GeometryChecks.CheckRuns(Operation, runs, weights.Elements);
        var (extent, first, steps) = (Extent.Of(weights.Elements), 0L, new UpdateStep[runs.Length]);
        var (needsState0, needsState1) = (false, false);
        for (var i = 0; i < runs.Length; i++)
        {
            steps[i] = new UpdateStep(runs[i], first, scale);
            first += runs[i].Elements;
            needsState0 |= steps[i].NeedsVelocity || steps[i].NeedsMoments;
            needsState1 |= steps[i].NeedsMoments;
        }

        _accelerator.Bind();
        var chunks = Chunk.CountOf(weights.Elements);
        Launch(WeightUpdateKernels.Update, chunks, ThreadGroup.Size, new UpdatePass(
            weights.Elements,
            _tables.Upload<UpdateStep>(steps),
            GpuOperand.View(Operation, "weights", weights, extent),
            GpuOperand.View(Operation, "total", total, extent),
            needsState0 ? GpuOperand.View(Operation, "state0", state0, extent) : default,
            needsState1 ? GpuOperand.View(Operation, "state1", state1, extent) : default,
            _results.Take<ulong>(chunks)));
        return WeightHash.OfChunks(weights.Elements, Receive<ulong>(chunks));
    }


    /// <summary>What kernels left in the results, once they have run.</summary>
    private ReadOnlySpan<T> Receive<T>(int count)
        where T : unmanaged
    {
        var values = _results.Download<T>(count);
        Synchronize();
        return values;
    }
}
