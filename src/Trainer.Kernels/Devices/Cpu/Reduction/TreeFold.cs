using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Reduction;

/// <summary>
/// The second pass of small gradients: folds the partial sums of all pieces, (pieces x elements), along the plan's trees, in place:
/// the sum of a root replaces that of its first piece. A piece of work is a run of elements, for which one thread folds all in order.
/// </summary>
internal sealed unsafe class TreeFold<TSimd, TVector>(ThreadTeam team) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int RunElements = 1024;

    private ReductionPlan? _plan;
    private float* _partials;
    private int _elements;

    public void Execute(ReductionPlan plan, float* partials, int elements)
    {
        _plan = plan;
        _partials = partials;
        _elements = elements;
        team.Run(this, (elements + RunElements - 1) / RunElements);
    }

    public override void Run(int piece, int thread)
    {
        var plan = _plan!;
        var first = piece * RunElements;
        var count = Math.Min(RunElements, _elements - first);
        var stack = stackalloc float*[plan.StackDepth];
        var top = 0;
        for (var i = 0; i < plan.Count; i++)
        {
            top = plan.IsFirstOfRoot(i) ? 0 : top;
            stack[top++] = _partials + ((long)i * _elements) + first;
            for (var fold = 0; fold < plan[i].Folds; fold++, top--)
            {
                Vectors<TSimd, TVector>.AddTo(stack[top - 2], stack[top - 1], count);
            }
        }
    }
}
