using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Devices.Cpu.Updates;
using Trainer.Kernels.Devices.Operands;

namespace Trainer.Kernels.Devices.Cpu;

/// <summary>Passes over flat buffers.</summary>
internal sealed unsafe class CpuUpdates<TSimd, TVector>(ThreadTeam team, Scratch scratch) : IUpdates, IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private readonly SquaredNorm _squaredNorm = new(team, scratch);
    private readonly UpdateWork<TSimd, TVector> _weightUpdate = new(team, scratch);
    private readonly ChunkHashes<TSimd, TVector> _chunkHashes = new(team);
    private readonly NativeBuffer _targets = new();
    private readonly NativeBuffer _otherTargets = new();

    public double SquaredNorm(Tensor values) =>
        _squaredNorm.Execute(values.Elements, Operand.Address(nameof(SquaredNorm), "values", values, Extent.Of(values.Elements)));

    public void Update(
        ReadOnlySpan<UpdateRun> runs, float scale, Tensor total, ReadOnlySpan<Tensor> before, ReadOnlySpan<Tensor> after, Span<ulong> read, Span<ulong> written,
        Span<ulong> ofTotal = default)
    {
        const string Operation = nameof(Update);
        GeometryChecks.CheckRuns(Operation, runs, before, after, read.Length, written.Length, ofTotal.Length);
        var extent = Extent.Of(after[0].Elements);
        var sources = (float**)_targets.Ensure<nint>(before.Length);
        var targets = (float**)_otherTargets.Ensure<nint>(after.Length);
        for (var buffer = 0; buffer < after.Length; buffer++)
        {
            sources[buffer] = Operand.Address(Operation, buffer == 0 ? "the weights" : "the optimizer's state or the average of the weights", before[buffer], extent);
            targets[buffer] = Operand.Address(Operation, buffer == 0 ? "the next weights" : "the optimizer's next state or the next average of the weights", after[buffer], extent);
        }

        _weightUpdate.Plan(runs, scale);
        _weightUpdate.Execute(extent.Elements, Operand.Address(Operation, "total", total, extent), after.Length, sources, targets, read, written, ofTotal);
    }

    public void Hash(Tensor values, Span<ulong> hashes)
    {
        const string Operation = nameof(Hash);
        GeometryChecks.CheckHashes(Operation, values.Elements, Chunk.CountOf(values.Elements), hashes.Length);
        _chunkHashes.Execute(values.Elements, Operand.Address(Operation, "values", values, Extent.Of(values.Elements)), hashes);
    }

    public void Dispose()
    {
        _targets.Dispose();
        _otherTargets.Dispose();
    }
}
