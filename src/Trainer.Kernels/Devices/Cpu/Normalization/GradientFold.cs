using System.Runtime.CompilerServices;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices.Cpu.Normalization;

/// <summary>Sums of pieces up to those of groups, which dx takes divided by the group's values, and of roots, which are dbias and dweight.</summary>
internal sealed unsafe class GradientFold<TSimd, TVector>(ThreadTeam team) : GroupFold<TSimd, TVector>(team)
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private int _pixels;
    private float* _shares;
    private float** _dweight;
    private float** _dbias;
    private GroupParts? _parts;

    /// <param name="sums">(pieces, 2, channels): of dy and of dy h; lost.</param>
    /// <param name="shares">Receives (groups, 2, channels): the same of groups, divided by their values.</param>
    /// <param name="dweight">Per root, or null; likewise <paramref name="dbias"/>.</param>
    /// <param name="parts">Receives the sums of roots that share a group.</param>
    public void Execute(
        GroupPlan groups, int channels, int pixels, float* sums, float* shares, float** dweight, float** dbias, GroupParts? parts)
    {
        _parts = parts;
        _pixels = pixels;
        _shares = shares;
        _dweight = dweight;
        _dbias = dbias;
        Execute(groups, sums, channels);
    }

    protected override int LeavesOf(int samples) => ReductionPlan.PiecesOf(samples, _pixels);

    protected override long ValuesOf(int leaf) => 1;

    protected override void Join(float* left, float* right, long leftValues, long rightValues, int count)
    {
        Vectors<TSimd, TVector>.AddTo(left, right, count);
        Vectors<TSimd, TVector>.AddTo(left + Channels, right + Channels, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void AtGroup(int group, float* rows, int first, int count)
    {
        var values = TSimd.Broadcast((long)Groups![group].GroupSamples * _pixels);
        var shares = _shares + (group * 2L * Channels) + first;
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            EpilogueRows<TSimd, TVector>.Store(shares + i, TSimd.Divide(TSimd.Load(rows + i), values), count - i);
            EpilogueRows<TSimd, TVector>.Store(shares + Channels + i, TSimd.Divide(TSimd.Load(rows + Channels + i), values), count - i);
        }
    }

    protected override void AtPart(int group, float* rows, int first, int count)
    {
        PartRows.Copy(rows, Channels, first, count, _parts!.ValuesOf(_parts.IndexOf(RootOf(group))).Span);
        AtRoot(Groups![group].Root, rows, first, count);
    }

    protected override void AtSharedGroup(int group, float* rows) => AtGroup(group, rows, 0, Channels);

    protected override void AtRoot(int root, float* rows, int first, int count)
    {
        if (_dbias != null)
        {
            new ReadOnlySpan<float>(rows, count).CopyTo(new Span<float>(_dbias[root] + first, count));
        }

        if (_dweight != null)
        {
            new ReadOnlySpan<float>(rows + Channels, count).CopyTo(new Span<float>(_dweight[root] + first, count));
        }
    }
}
