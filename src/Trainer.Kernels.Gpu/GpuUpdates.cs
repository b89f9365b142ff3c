using ILGPU;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;
using Trainer.Kernels.Gpu.Updates;

namespace Trainer.Kernels.Gpu;

/// <summary>Optimizers: passes over flat buffers that end with a number for the host, which is waited for.</summary>
internal sealed class GpuUpdates(GpuQueue queue) : GpuFamily(queue), IUpdates, IDisposable
{
    private readonly GpuExchange _tables = new(queue.Accelerator, queue.Copies);
    private readonly GpuExchange _results = new(queue.Accelerator, queue.Copies);

    public double SquaredNorm(Tensor values)
    {
        var view = GpuOperand.View(nameof(SquaredNorm), "values", values, Extent.Of(values.Elements));
        if (!Queue.HasFloat64)
        {
            Queue.Copy(nameof(SquaredNorm), values, Queue.Copies.ToHost);
            Queue.Synchronize();
            return Devices.Cpu.Updates.SquaredNorm.Of(values.Host);
        }

        Queue.Bind();
        var chunks = Chunk.CountOf(values.Elements);
        Launch(FlatKernels.SquaredNorm, chunks, ThreadGroup.Size, new ChunkSquares(values.Elements, view, _results.Take<double>(chunks)));
        var total = 0.0;
        foreach (var sum in Receive<double>(chunks))
        {
            total += sum;
        }

        return total;
    }

    public void Update(
        ReadOnlySpan<UpdateRun> runs, float scale, Tensor total, ReadOnlySpan<Tensor> before, ReadOnlySpan<Tensor> after, Span<ulong> read, Span<ulong> written,
        Span<ulong> ofTotal = default)
    {
        const string Operation = nameof(Update);
        GeometryChecks.CheckRuns(Operation, runs, before, after, read.Length, written.Length, ofTotal.Length);
        var (elements, first, steps) = (after[0].Elements, 0L, new UpdateStep[runs.Length]);
        for (var i = 0; i < runs.Length; i++)
        {
            steps[i] = new UpdateStep(runs[i], first, scale);
            first += runs[i].Elements;
        }

        var averages = before.Length > 1 && (before.Length > UpdateBuffers.Most || HasAverage(runs));
        Queue.Bind();
        var hashes = _results.Take<ulong>(read.Length + written.Length + ofTotal.Length);
        HashAll(before, elements, hashes.SubView(0, read.Length));
        LaunchThreads(WeightUpdateKernels.Update, elements, new UpdatePass(
            elements,
            _tables.Upload<UpdateStep>(steps),
            GpuOperand.View(Operation, "total", total, Extent.Of(elements)),
            Buffers(before, elements, averages),
            Buffers(after, elements, averages)));
        HashAll(after, elements, hashes.SubView(read.Length, written.Length));
        if (ofTotal.Length > 0)
        {
            HashAll([total], elements, hashes.SubView(read.Length + written.Length, ofTotal.Length));
        }

        var found = Receive<ulong>(read.Length + written.Length + ofTotal.Length);
        found[..read.Length].CopyTo(read);
        found.Slice(read.Length, written.Length).CopyTo(written);
        found[(read.Length + written.Length)..].CopyTo(ofTotal);
    }

    public void Hash(Tensor values, Span<ulong> hashes)
    {
        GeometryChecks.CheckHashes(nameof(Hash), values.Elements, Chunk.CountOf(values.Elements), hashes.Length);
        Queue.Bind();
        HashAll([values], values.Elements, _results.Take<ulong>(hashes.Length));
        Receive<ulong>(hashes.Length).CopyTo(hashes);
    }

    private static bool HasAverage(ReadOnlySpan<UpdateRun> runs)
    {
        foreach (var run in runs)
        {
            if (run.AverageShare != 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The flat buffers of a state as kernels take them.</summary>
    /// <param name="averages">Whether the last one is to be the average of the weights. One that stays as it is may as well be the optimizer's.</param>
    private static UpdateBuffers Buffers(ReadOnlySpan<Tensor> all, long elements, bool averages)
    {
        var tensors = averages ? all[..^1] : all;
        if (tensors.Length > UpdateBuffers.Most)
        {
            throw new ArgumentException($"{nameof(Update)}: {all.Length} buffers, expected at most {UpdateBuffers.Most + 1}.");
        }

        var extent = Extent.Of(elements);
        return new UpdateBuffers(
            GpuOperand.View(nameof(Update), "the weights", tensors[0], extent),
            tensors.Length > 1 ? GpuOperand.View(nameof(Update), "the optimizer's state", tensors[1], extent) : default,
            tensors.Length > 2 ? GpuOperand.View(nameof(Update), "the optimizer's state", tensors[2], extent) : default,
            tensors.Length > 3 ? GpuOperand.View(nameof(Update), "the optimizer's state", tensors[3], extent) : default,
            averages ? GpuOperand.View(nameof(Update), "the average of the weights", all[^1], extent) : default);
    }

    private void HashAll(ReadOnlySpan<Tensor> buffers, long elements, ArrayView<ulong> hashes)
    {
        var chunks = Chunk.CountOf(elements);
        for (var i = 0; i < buffers.Length; i++)
        {
            var values = GpuOperand.View(nameof(Hash), "values", buffers[i], Extent.Of(elements));
            Launch(HashKernels.Hash, chunks, ThreadGroup.Size, new ChunkHashing(elements, values, hashes.SubView(i * chunks, chunks)));
        }
    }

    /// <summary>What kernels left in the results, once they have run.</summary>
    private ReadOnlySpan<T> Receive<T>(int count)
        where T : unmanaged
    {
        var values = _results.Download<T>(count);
        Queue.Synchronize();
        return values;
    }

    public void Dispose()
    {
        _tables.Dispose();
        _results.Dispose();
    }
}
