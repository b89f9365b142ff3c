using System.Runtime.CompilerServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices.Cpu.Normalization;

/// <summary>
/// Moments of planes up to those of groups by the formula of Chan, Golub and LeVeque (Algorithms for computing the sample variance, 1983, eq. 2.1);
/// from them what a group is normalised with; and samples x moments, added up to roots.
/// </summary>
internal sealed unsafe class MomentFold<TSimd, TVector>(ThreadTeam team) : GroupFold<TSimd, TVector>(team)
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private BatchNormGeometry _g;
    private NormTables _tables;
    private float** _meanSums;
    private float** _varianceSums;
    private GroupParts? _parts;

    /// <param name="moments">(samples, 2, channels); lost.</param>
    /// <param name="meanSums">Per root, or null; likewise <paramref name="varianceSums"/>.</param>
    /// <param name="parts">Receives the moments of roots that share a group.</param>
    public void Execute(
        in BatchNormGeometry g, GroupPlan groups, float* moments, NormTables tables, float** meanSums, float** varianceSums, GroupParts? parts)
    {
        _parts = parts;
        _g = g;
        _tables = tables;
        _meanSums = meanSums;
        _varianceSums = varianceSums;
        Execute(groups, moments, g.C);
    }

    protected override int LeavesOf(int samples) => samples;

    protected override long ValuesOf(int leaf) => _g.Pixels;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Join(float* left, float* right, long leftValues, long rightValues, int count)
    {
        var (share, weight) = (TSimd.Broadcast(MomentWeights.Share(leftValues, rightValues)), TSimd.Broadcast(MomentWeights.Weight(leftValues, rightValues)));
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var mean = TSimd.Load(left + i);
            var d = TSimd.Subtract(TSimd.Load(right + i), mean);
            var squares = LaneNorm<TSimd, TVector>.JoinSquares(TSimd.Load(left + Channels + i), TSimd.Load(right + Channels + i), d, weight);
            EpilogueRows<TSimd, TVector>.Store(left + i, LaneNorm<TSimd, TVector>.JoinMeans(mean, d, share), count - i);
            EpilogueRows<TSimd, TVector>.Store(left + Channels + i, squares, count - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void AtGroup(int group, float* rows, int first, int count)
    {
        var samples = Groups![group].GroupSamples;
        var values = (long)samples * _g.Pixels;
        var place = (group * 2L * Channels) + first;
        _tables.SetNormalization<TSimd, TVector>(place, rows, rows + Channels, values, _g.Eps, first, count);
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var variance = TSimd.Divide(TSimd.Load(rows + Channels + i), TSimd.Broadcast(values - 1));
            EpilogueRows<TSimd, TVector>.Store(rows + i, TSimd.Multiply(TSimd.Broadcast(samples), TSimd.Load(rows + i)), count - i);
            EpilogueRows<TSimd, TVector>.Store(rows + Channels + i, TSimd.Multiply(TSimd.Broadcast(samples), variance), count - i);
        }
    }

    protected override void AtPart(int group, float* rows, int first, int count) =>
        PartRows.Copy(rows, Channels, first, count, _parts!.ValuesOf(_parts.IndexOf(RootOf(group))).Span);

    protected override void AtSharedGroup(int group, float* rows)
    {
        AtGroup(group, rows, 0, Channels);
        if (!Groups![group].Leads)
        {
            new Span<float>(rows, 2 * Channels).Fill(MomentWeights.Absent);
        }

        AtRoot(Groups[group].Root, rows, 0, Channels);
    }

    protected override void AtRoot(int root, float* rows, int first, int count)
    {
        if (_meanSums != null)
        {
            new ReadOnlySpan<float>(rows, count).CopyTo(new Span<float>(_meanSums[root] + first, count));
        }

        if (_varianceSums != null)
        {
            new ReadOnlySpan<float>(rows + Channels, count).CopyTo(new Span<float>(_varianceSums[root] + first, count));
        }
    }
}
