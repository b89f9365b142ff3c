using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices.Cpu.Normalization;

/// <summary>
/// Batch normalisation in passes: forward the moments of planes, the tree, y; backward the sums of pieces, the tree, dx. x is read twice each way,
/// which is the least where the statistics of a group need all of it and it does not stay in cache.
/// </summary>
internal sealed unsafe class BatchNormWork<TSimd, TVector>(ThreadTeam team, Scratch scratch) : IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private readonly SampleGroups _samples = new();
    private readonly NativeBuffer _table = new();
    private readonly NativeBuffer _rows = new();
    private readonly PartsFold _partsFold = new();
    private readonly PlaneMoments<TSimd, TVector> _moments = new(team);
    private readonly MomentFold<TSimd, TVector> _momentFold = new(team);
    private readonly PlaneNormalize<TSimd, TVector> _normalize = new(team);
    private readonly PieceSums<TSimd, TVector> _sums = new(team, scratch);
    private readonly GradientFold<TSimd, TVector> _gradientFold = new(team);
    private readonly BatchNormGradient<TSimd, TVector> _gradient = new(team);

    /// <param name="meanSums">Per root, or null; likewise <paramref name="varianceSums"/>.</param>
    /// <param name="parts">Of groups that are shared.</param>
    public void Forward(
        in BatchNormGeometry g, GroupPlan groups, SampleRows x, float* weight, float* bias, float* saved, float** meanSums, float** varianceSums,
        GroupParts? parts, OutputSteps steps, SampleRows y)
    {
        var samples = groups.Slice.LocalSamples;
        _samples.Describe(groups);
        var moments = scratch.Shared(samples * 2L * g.C);
        var table = _table.Ensure<float>((groups.Count * 2L * g.C) + CpuMemory.Slack);
        _moments.Execute(samples, g.C, g.Pixels, x, moments);
        _momentFold.Execute(g, groups, moments, new NormTables(g.C, weight, bias, saved, table), meanSums, varianceSums, parts);
        Finish(_momentFold, groups, g, parts);
        _normalize.Execute(samples, g.C, g.Pixels, _samples.OfSample, table, x, steps, y);
    }

    /// <param name="saved">Receives mean and invstd in each of <paramref name="groups"/>; null: not wanted.</param>
    public void Inference(
        in BatchNormGeometry g, int samples, SampleRows x, float* weight, float* bias, float* mean, float* variance, float* saved, int groups, OutputSteps steps, SampleRows y)
    {
        _samples.DescribeOne(samples);
        var table = _table.Ensure<float>((2L * g.C) + CpuMemory.Slack);
        new NormTables(g.C, weight, bias, groups > 0 ? saved : null, table).SetNormalization<TSimd, TVector>(0, mean, variance, 1, g.Eps, 0, g.C);
        for (var group = 1; group < groups && saved != null; group++)
        {
            new ReadOnlySpan<float>(saved, 2 * g.C).CopyTo(new Span<float>(saved + (group * 2L * g.C), 2 * g.C));
        }

        _normalize.Execute(samples, g.C, g.Pixels, _samples.OfSample, table, x, steps, y);
    }

    /// <param name="plan">Of the slice, a row of which is one pixel.</param>
    /// <param name="parts">Of groups that are shared.</param>
    /// <param name="dx">May be left out.</param>
    public void Backward(
        in BatchNormGeometry g, GroupPlan groups, ReductionPlan plan, SampleRows x, SampleRows dy, float* weight, float* saved, float** dweight, float** dbias,
        GroupParts? parts, GradientSteps steps, SampleRows dx)
    {
        _samples.Describe(groups);
        var sums = scratch.Shared(plan.Count * 2L * g.C);
        var shares = _table.Ensure<float>((groups.Count * 2L * g.C) + CpuMemory.Slack);
        _sums.Execute(plan, g.C, g.Pixels, x, dy, new SavedMoments(saved, g.C, _samples.OfSample, 0), sums);
        _gradientFold.Execute(groups, g.C, g.Pixels, sums, shares, dweight, dbias, parts);
        if (g.Frozen)
        {
            new Span<float>(shares, groups.Count * 2 * g.C).Clear();
        }
        else
        {
            Finish(_gradientFold, groups, g, parts);
        }

        if (!dx.IsEmpty)
        {
            _gradient.Execute(groups.Slice.LocalSamples, g, _samples.OfSample, weight, saved, shares, x, dy, steps, dx);
        }
    }

    public void Dispose()
    {
        _samples.Dispose();
        _table.Dispose();
        _rows.Dispose();
    }

    /// <summary>Brings the parts of shared groups together, and finishes these.</summary>
    private void Finish(GroupFold<TSimd, TVector> fold, GroupPlan groups, in BatchNormGeometry g, GroupParts? parts)
    {
        if (groups.AreShared)
        {
            parts!.Gather();
            fold.FinishParts(parts, _partsFold, g.Pixels, _rows.Ensure<float>((2L * g.C) + CpuMemory.Slack));
        }
    }
}
