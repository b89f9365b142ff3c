using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Reduction;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Devices.Cpu.Normalization;

/// <summary>dweight and dbias of group norm per root: sums of pieces, then the tree.</summary>
internal sealed unsafe class ChannelGradients<TSimd, TVector>(ThreadTeam team, Scratch scratch)
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private readonly PieceSums<TSimd, TVector> _sums = new(team, scratch);
    private readonly TreeFold<TSimd, TVector> _fold = new(team);

    /// <param name="dweight">Per root, or null; likewise <paramref name="dbias"/>.</param>
    public void Execute(
        ReductionPlan plan, in GroupNormGeometry g, SampleRows x, SampleRows dy, float* saved, float** dweight, float** dbias)
    {
        if (dweight == null && dbias == null)
        {
            return;
        }

        var sums = scratch.Shared(plan.Count * 2L * g.C);
        _sums.Execute(plan, g.C, g.Pixels, x, dy, new SavedMoments(saved, g.C, null, g.C / g.Groups), sums);
        _fold.Execute(plan, sums, 2 * g.C);
        for (var i = 0; i < plan.Count; i++)
        {
            if (plan.IsFirstOfRoot(i))
            {
                Copy(sums + (i * 2L * g.C), dbias, plan[i].Root, g.C);
                Copy(sums + (((i * 2L) + 1) * g.C), dweight, plan[i].Root, g.C);
            }
        }
    }

    private static void Copy(float* sums, float** targets, int root, int channels)
    {
        if (targets != null)
        {
            new ReadOnlySpan<float>(sums, channels).CopyTo(new Span<float>(targets[root], channels));
        }
    }
}
